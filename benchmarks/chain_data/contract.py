"""The one contract of the made chain, and the little assembler that it is written in."""

from __future__ import annotations

#: Those that are used, by their names in the yellow paper; of Shanghai and later.
_OPCODES = {
    "STOP": 0x00, "ADD": 0x01, "MUL": 0x02, "SUB": 0x03, "ISZERO": 0x15, "AND": 0x16, "SHR": 0x1C, "KECCAK256": 0x20,
    "CALLER": 0x33, "CALLDATALOAD": 0x35, "CODECOPY": 0x39, "NUMBER": 0x43, "MSTORE": 0x52, "SSTORE": 0x55,
    "JUMP": 0x56, "JUMPI": 0x57, "JUMPDEST": 0x5B, "PUSH0": 0x5F, "DUP1": 0x80, "DUP2": 0x81, "DUP3": 0x82,
    "SWAP1": 0x90, "LOG3": 0xA3, "RETURN": 0xF3,
}  # fmt: skip

#: keccak256("Transfer(address,address,uint256)"), the commonest first topic of mainnet's logs.
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

#: Like a token that pays many holders at once. Calldata: word 0 says how many slots, word 1 the first of them; what
#: follows is not read. Each slot gets a value that depends on the slot and the block, as long as a hash (32 bytes) and
#: as a balance (12) by turns, and each write is told by a Transfer event.
_STORE = f"""
    PUSH0 CALLDATALOAD                                      ; left
  next: JUMPDEST DUP1 ISZERO PUSH1 :end JUMPI
    PUSH1 01 SWAP1 SUB                                      ; left
    DUP1 PUSH1 20 CALLDATALOAD ADD                          ; left slot
    DUP1 PUSH0 MSTORE NUMBER PUSH1 20 MSTORE
    PUSH1 40 PUSH0 KECCAK256                                ; left slot random
    DUP3 PUSH1 01 AND PUSH1 a0 MUL SHR                      ; left slot value
    DUP1 PUSH1 40 MSTORE DUP2 SSTORE                        ; left slot
    CALLER PUSH32 {TRANSFER} PUSH1 20 PUSH1 40 LOG3         ; left
    PUSH1 :next JUMP
  end: JUMPDEST STOP
"""

#: Gas of one slot that was empty: SSTORE 22 100, LOG3 1 756, and the loop around them.
SLOT_GAS = 24_200


def assemble(source: str) -> bytes:
    """Bytecode. `name:` marks a place, `:name` is its offset in one byte; numbers are hex; `;` begins a comment."""
    words = [word for line in source.splitlines() for word in line.partition(";")[0].split()]
    places: dict[str, int] = {}
    code: list[int | str] = []
    for word in words:
        if word.endswith(":"):
            places[word[:-1]] = len(code)
        elif word.startswith(":"):
            code.append(word[1:])
        elif word in _OPCODES:
            code.append(_OPCODES[word])
        elif word.startswith("PUSH"):
            code.append(0x5F + int(word.removeprefix("PUSH")))
        else:
            code.extend(bytes.fromhex(word))
    return bytes(places[one] if isinstance(one, str) else one for one in code)


#: The contract's code as it stands in the genesis.
STORE = assemble(_STORE)


def creation(code: bytes) -> bytes:
    """Calldata that creates a contract of this code, which may be 24 576 bytes long (EIP-170)."""
    size = f"{len(code):04x}"
    return assemble(f"PUSH2 {size} DUP1 PUSH1 0a PUSH0 CODECOPY PUSH0 RETURN") + code
