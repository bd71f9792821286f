/* What weir/version.h says, in the library: a program may run with another one than it was compiled with. */
#include <weir/version.h>

const char *weir_version(void)
{
    return WEIR_VERSION;
}

int weir_version_number(void)
{
    return WEIR_VERSION_NUMBER;
}
