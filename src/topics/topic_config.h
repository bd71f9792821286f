/* Configuration of one topic: a table of Kafka's topic keys, the ones set for a topic, and what they mean for its log.
 */
#ifndef WR_TOPIC_CONFIG_H
#define WR_TOPIC_CONFIG_H

#include <base/buf.h>
#include <topics/config.h>
#include <wire/kafka.h>

typedef struct wr_topic_key {
    const char *name;
    int8_t type;            /* WR_CONFIG_TYPE_… of kafka.h */
    const char *fallback;   /* Kafka's default, when no broker key has it */
    const char *broker_key; /* whose value is inherited; NULL: none */
    int64_t min, max;       /* numbers; both 0: not checked */
    const char *choices;    /* separated by '|' */
    const char *help;
    const char *synonym; /* the broker's name that Kafka shows for the default; NULL: it shows none */
} wr_topic_key;

extern const wr_topic_key wr_topic_keys[]; /* by name; ends with {0} */
const wr_topic_key *wr_topic_key_find(weir_slice name);

typedef struct wr_topic_config wr_topic_config; /* the keys set, as text */

wr_topic_config *wr_topic_config_new(void);
void wr_topic_config_free(wr_topic_config *config); /* accepts NULL */
wr_topic_config *wr_topic_config_dup(const wr_topic_config *config);
/* Set, or unset with value.data NULL. WEIR_E_NOT_FOUND unknown key, WEIR_E_FORMAT value; the failure says why. */
WEIR_MUST_CHECK weir_err wr_topic_config_set(wr_topic_config *config, weir_slice name, weir_slice value,
                                             weir_failure *failure);
const char *wr_topic_config_get(const wr_topic_config *config, const wr_topic_key *key); /* NULL: not set */
/* The value in force: set on the topic, or inherited from the broker, or the default. ret_text is room for it. */
const char *wr_topic_config_effective(const wr_topic_config *config, const wr_topic_key *key,
                                      const wr_topics_config *inherited, char ret_text[32]);
/* May a client ask for it? What is stored may be more: a topic that an earlier version made compacted keeps everything,
 * as it did. WEIR_E_UNSUPPORTED. */
WEIR_MUST_CHECK weir_err wr_topic_config_check(const wr_topic_config *config, weir_failure *failure);
enum { WR_INTERNAL_BATCH_SIZE_MAX = 64 << 20 };

/* What the log needs, from the topic's and the broker's values. `internal`: a topic of the broker's own, which takes
 * batches of up to WR_INTERNAL_BATCH_SIZE_MAX with times of any age, and is never shortened by itself. */
void wr_topic_config_log(const wr_topic_config *config, const wr_topics_config *inherited, bool internal,
                         wr_log_config *ret_log);

#endif
