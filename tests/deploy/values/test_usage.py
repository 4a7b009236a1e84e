"""Values are followed through what templates do with them."""

from __future__ import annotations

import pytest

from ethinfra.deploy.values.chart import Chart
from ethinfra.deploy.values.schema import dotted
from ethinfra.deploy.values.usage import used


def keys(**templates: str) -> set[str]:
    """What is used by templates/main.yaml, with helpers beside it."""
    files = {f"templates/{'_' if name != 'main' else ''}{name}.yaml": text for name, text in templates.items()}
    usage = used(Chart("tried", {}, "", files))
    return {dotted(key) for key in {**usage.decided, **usage.written}}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ .Values.a.b }}", {"a.b"}),
        ("{{/* .Values.a */}}", set()),
        ("{{ $.Values.a | quote }}", {"a"}),
        ('{{ printf "%s-%s" .Values.a .Values.b }}', {"a", "b"}),
        ("{{ (index .Values.a 0).b }}", {"a.*.b"}),
        ('{{ index .Values.a "b" }}', {"a.b"}),
        ("{{ index .Values.a .Values.b }}", {"a.*", "b"}),
        ("{{ $x := .Values.a }}{{ $x.b }}", {"a.b"}),
        ("{{ $x := .Values.a }}{{ $x = .Values.b }}{{ $x }}", {"b"}),
        ("{{ $x := .Values.a }}{{ if .Values.c }}{{ $x = .Values.b }}{{ end }}{{ $x }}", {"a", "b", "c"}),
        ("{{ if .Values.a }}{{ .Values.b }}{{ else if .Values.c }}{{ .Values.d }}{{ else }}{{ .Values.e }}{{ end }}",
         {"a", "b", "c", "d", "e"}),
        ("{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ end }}", {"a", "a.b", "c"}),
        ("{{ with $x := .Values.a }}{{ $x.b }}{{ end }}", {"a", "a.b"}),
        ("{{ range .Values.a }}{{ .b }}{{ end }}", {"a", "a.*.b"}),
        ("{{ range $name, $one := .Values.a }}{{ $name }}{{ $one.b }}{{ end }}", {"a", "a.*.b"}),
        ('{{ range list "a" "b" }}{{ index $.Values . }}{{ end }}', {"a", "b"}),
        ('{{ $x := dict "one" .Values.a "two" .Values.b }}{{ $x.two.c }}', {"b.c"}),
        ('{{ $x := set .Values.a "b" .Values.c }}{{ $x.b }}{{ $x.d }}', {"c", "a.d"}),
        ('{{ $_ := set .Values.a "b" .Values.c }}', {"a", "c"}),
        ("{{ $x := mergeOverwrite (deepCopy .Values.a) .Values.b }}{{ $x.c }}", {"a.c", "b.c"}),
        ("{{ .Values.a | toYaml | nindent 4 }}", {"a"}),
        ("{{ .Values.a | toJson | sha256sum }}", set()),
        ("{{ fail .Values.a }}", set()),
        ("{{ (urlParse .Values.a).host }}", {"a"}),
        ('{{ join "," .Values.a }}', {"a.*"}),
        ("{{ .Release.Name }}", set()),
    ],
)  # fmt: skip
def test_expression_uses(template: str, expected: set[str]) -> None:
    assert keys(main=template) == expected


def test_helper_sees_what_it_is_given() -> None:
    """By a map of arguments, and under the names that it has there."""
    helper = '{{ define "x" }}{{ .one.b }}{{ $.two }}{{ end }}'

    assert keys(main='{{ include "x" (dict "one" .Values.a "two" .Values.c) }}', helper=helper) == {"a.b", "c"}


def test_helper_that_nobody_includes_uses_nothing() -> None:
    assert keys(main="", helper='{{ define "x" }}{{ .Values.a }}{{ end }}') == set()


def test_value_comes_back_from_a_helper() -> None:
    """Where the helper gives nothing else; text with values in it is text."""
    helpers = '{{ define "x" -}}\n{{- toYaml .a -}}\n{{- end }}{{ define "y" }}name: {{ .a.b }}{{ end }}'

    assert keys(main='{{ (include "x" .Values | fromYaml).c }}', helper=helpers) == {"a.c"}
    assert keys(main='{{ (include "y" .Values | fromYaml).name }}', helper=helpers) == {"a.b"}


def test_file_of_the_chart_is_a_template_too() -> None:
    chart = Chart(
        "tried",
        {},
        "",
        {
            "templates/main.yaml": '{{ tpl (.Files.Get "files/server.yml") . }}',
            "files/server.yml": "level: {{ .Values.logLevel }}",
        },
    )

    assert set(used(chart).written) == {("logLevel",)}


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{{ if .Values.a }}", "has no end"),
        ("{{ end }}", "without a beginning"),
        ("{{ $unknown }}", "no variable $unknown"),
        ('{{ include "nobody" . }}', "no template is named nobody"),
        ("{{ include .Values.a . }}", "not written out"),
    ],
)
def test_template_that_cannot_be_followed_is_named(template: str, named: str) -> None:
    """Nothing is passed over in silence."""
    with pytest.raises(ValueError, match=r"main\.yaml|tried") as refused:
        keys(main=template)

    assert named in str(refused.value)
