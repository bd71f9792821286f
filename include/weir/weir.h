/* Everything that a service is written with. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/bytes.h>
#include <weir/error.h>
#include <weir/event.h>
#include <weir/json.h>
#include <weir/service.h>
#include <weir/value.h>
#include <weir/version.h>

#endif
