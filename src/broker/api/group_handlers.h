/* Handlers of the requests about groups: one file each, rows of the table that the server is given. */
#ifndef WR_API_GROUP_HANDLERS_H
#define WR_API_GROUP_HANDLERS_H

#include <broker/request.h>

weir_err wr_api_find_coordinator(wr_request *request);
weir_err wr_api_join_group(wr_request *request);
weir_err wr_api_sync_group(wr_request *request);
weir_err wr_api_heartbeat(wr_request *request);
weir_err wr_api_leave_group(wr_request *request);
weir_err wr_api_offset_commit(wr_request *request);
weir_err wr_api_offset_fetch(wr_request *request);
weir_err wr_api_offset_delete(wr_request *request);
weir_err wr_api_describe_groups(wr_request *request);
weir_err wr_api_list_groups(wr_request *request);
weir_err wr_api_delete_groups(wr_request *request);

#endif
