/* The name of a file, and the line in it; what could be a command to the terminal is a question mark. */
static void put_place(FILE *out, const char *name, long line)
{
    for (; *name != '\0'; name++) {
        const int c = (unsigned char)*name, next = (unsigned char)name[1];
        const int is_c1 = c == 0xC2 && next >= 0x80 && next < 0xA0; /* of UTF-8, two bytes */

        putc(c < ' ' || c == 0x7F || is_c1 ? '?' : c, out);
        name += is_c1;
    }
    if (line > 0)
        fprintf(out, ":%ld", line);
}

/* Say why something cannot be classified, on stderr, and on stdout in place of its class; returns 0. */
static int fail(const char *name, long line, const char *format, ...)
{
    char reason[200];
    va_list values;

    va_start(values, format);
    vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    fputs("Error: ", stderr);
    put_place(stderr, name, line);
    fprintf(stderr, ": %s\n", reason);
    printf("-  %6s  ", "-");
    put_place(stdout, name, line);
    printf("  (%s)\n", reason);
    return 0;
}

/* Say what the class of something is. */
static void report(const char *name, long line, int label, const float *outputs)
{
    const double output = outputs[label];

    printf(NNFANG_IS_PROBABILITY ? "%s  %5.1f%%  " : "%s  %6.3f  ", nnfang_class_names[label],
           NNFANG_IS_PROBABILITY ? 100 * output : output);
    put_place(stdout, name, line);
    putchar('\n');
}

/* A file of this name, or standard input for -; NULL if there is none, of which it tells. */
static FILE *open_file(const char *name)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");

#ifdef _WIN32
    if (file == stdin)
        _setmode(_fileno(stdin), _O_BINARY);
#endif
    if (file == NULL)
        fail(name, 0, "%s", strerror(errno));
    return file;
}

static void close_file(FILE *file)
{
    if (file != stdin)
        fclose(file);
}
