/* Which weir this is: the headers a program was compiled against, and the library it runs with.
 *
 * A program runs with the library it was compiled against and with every later one of the same SONAME. weir_main
 * refuses, in one sentence, to run with an older one. */
#ifndef WEIR_VERSION_H
#define WEIR_VERSION_H

#include <weir/error.h>

/* Of these headers. The build reads its own version here. */
#define WEIR_VERSION_MAJOR  0
#define WEIR_VERSION_MINOR  1
#define WEIR_VERSION_PATCH  0
#define WEIR_VERSION        "0.1.0"
#define WEIR_VERSION_NUMBER (WEIR_VERSION_MAJOR * 10000 + WEIR_VERSION_MINOR * 100 + WEIR_VERSION_PATCH)

WEIR_BEGIN_C

/* Of the library that the program runs with: "0.1.0" in static storage, and 10000 × major + 100 × minor + patch. Any
 * thread may call them at any time; they cannot fail. */
WEIR_API const char *weir_version(void);
WEIR_API int weir_version_number(void);

WEIR_END_C

#endif
