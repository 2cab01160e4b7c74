#pragma once

#include "model/order.h"

namespace ittybit {

/// Whether what an order asks for takes seconds, and little memory, whatever the input is: as the
/// order says, before anybody has looked at the input. A picture, facts, sound of ten minutes,
/// clips of ten seconds that are small (docs/operations.md).
bool is_light(const Order& order);

}  // namespace ittybit
