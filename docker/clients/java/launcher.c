/* Starts a Java program under its own name, in place of upstream's shell script: as `besu ARGS` it becomes
 *
 *     /opt/java/bin/java @/etc/besu/java.args $JAVA_OPTS $BESU_OPTS @/etc/besu/main.args ARGS
 *
 * The two variables are upstream's; they are split at blanks, without quotes. java replaces this process, so it gets the
 * container's signals itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef JAVA
#define JAVA "/opt/java/bin/java"
#endif

/* Cut a text at its blanks and write where its words begin; returns how many there are. With words == NULL it counts. */
static size_t split(char *text, char **words) {
    size_t count = 0;
    int inside = 0;
    for (; text && *text; text++) {
        int blank = isspace((unsigned char)*text);
        if (!blank && !inside) {
            if (words) words[count] = text;
            count++;
        }
        if (blank && words) *text = '\0';
        inside = !blank;
    }
    return count;
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *program = slash ? slash + 1 : argv[0];
    char variable[64], file[2][128];
    snprintf(variable, sizeof variable, "%s_OPTS", program);
    for (char *letter = variable; *letter; letter++) *letter = (char)toupper((unsigned char)*letter);
    snprintf(file[0], sizeof file[0], "@/etc/%s/java.args", program);
    snprintf(file[1], sizeof file[1], "@/etc/%s/main.args", program);

    char *options[] = {getenv("JAVA_OPTS"), getenv(variable)};
    char **words = calloc((size_t)argc + split(options[0], NULL) + split(options[1], NULL) + 4, sizeof *words);
    if (!words) return perror(program), 1;

    size_t count = 0;
    words[count++] = "java";
    words[count++] = file[0];
    for (size_t i = 0; i < 2; i++) {
        /* A copy, because cutting would change the environment that java inherits. */
        char *copy = options[i] ? strdup(options[i]) : NULL;
        count += split(copy, words + count);
    }
    words[count++] = file[1];
    for (int i = 1; i < argc; i++) words[count++] = argv[i];

    execv(JAVA, words);
    perror(JAVA);
    return 127;
}
