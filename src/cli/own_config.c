/* A topic's own configuration, to be changed and written as a whole; own_config.h says why. */
#include <cli/own_config.h>

static size_t find(const wr_own_config *own, const char *name)
{
    size_t at = 0;
    while (at < own->count && strcmp(own->values[at].name, name) != 0)
        at++;
    return at;
}

weir_err wr_own_config_read(const wr_config_info *configs, size_t count, wr_own_config *ret_own, weir_failure *failure)
{
    wr_own_config own = {.count = 0};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(configs[i].source, "unknown") == 0)
            return weir_fail(failure, WEIR_E_UNSUPPORTED,
                             "this broker does not say whether %s is the topic's own or the broker's, and a change "
                             "replaces all that is the topic's own",
                             configs[i].name);
        if (strcmp(configs[i].source, "topic") != 0)
            continue;
        if (own.count == WR_OWN_CONFIG_MAX)
            return weir_fail(failure, WEIR_E_LIMIT, "more than %d configuration keys", WR_OWN_CONFIG_MAX);
        own.values[own.count++] = (weir_attribute){configs[i].name, configs[i].sensitive ? NULL : configs[i].value};
    }
    *ret_own = own;
    return WEIR_OK;
}

bool wr_own_config_set(wr_own_config *own, const char *name, const char *value)
{
    size_t at = find(own, name);
    if (at == WR_OWN_CONFIG_MAX)
        return false;
    if (at < own->count && own->values[at].value && strcmp(own->values[at].value, value) == 0)
        return false;
    own->values[at] = (weir_attribute){name, value};
    own->count += at == own->count;
    return true;
}

bool wr_own_config_unset(wr_own_config *own, const char *name)
{
    size_t at = find(own, name);
    if (at == own->count)
        return false;
    own->values[at] = own->values[--own->count];
    return true;
}

weir_err wr_own_config_check(const wr_own_config *own, weir_failure *failure)
{
    for (size_t i = 0; i < own->count; i++)
        if (!own->values[i].value)
            return weir_fail(failure, WEIR_E_REFUSED,
                             "the broker does not show the value of %s, and a change would take it away; name it too, "
                             "with --set or --unset",
                             own->values[i].name);
    return WEIR_OK;
}

bool wr_own_config_equal(const wr_own_config *a, const wr_own_config *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        size_t at = find(b, a->values[i].name);
        if (at == b->count)
            return false;
        const char *left = a->values[i].value, *right = b->values[at].value;
        if (left && right ? strcmp(left, right) != 0 : left != right)
            return false;
    }
    return true;
}
