/* Given to clang-tidy in front of every file by tools/lint: the analyzer looks at one file at a time and does not
 * follow calls with variable arguments, so it has to be told that weir_fail returns the error it is handed. */
#include <weir/error.h>

static inline weir_err analyzer_returns(weir_err err)
{
    return err;
}

#define weir_fail(failure, err, ...) (weir_fail(failure, err, __VA_ARGS__), analyzer_returns(err))
