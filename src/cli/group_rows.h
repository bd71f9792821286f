/* A group's positions as rows: one a partition, or one a topic. */
#ifndef WR_CLI_GROUP_ROWS_H
#define WR_CLI_GROUP_ROWS_H

#include <cli/output.h>

extern const wr_column wr_group_offset_columns[], wr_group_topic_columns[];

/* The sum of the lags; a partition without a position adds nothing. Offsets are sorted by topic. */
int64_t wr_group_add_offsets(wr_cli *cli, wr_output *out, const wr_group_info *group);
int64_t wr_group_add_topics(wr_cli *cli, wr_output *out, const wr_group_info *group);

/* The group could not be described. */
int wr_group_fail(wr_cli *cli, const char *name, weir_err err, const weir_failure *failure);

#endif
