/* The `weir` binary. */
#include <cli/command.h>

extern char **environ;

int main(int argc, char **argv)
{
    return wr_cli_main(argc, argv, environ);
}
