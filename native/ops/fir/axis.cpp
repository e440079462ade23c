#include <algorithm>

#include "fir_kernel.h"

namespace atelier::fir {

constexpr int64_t widest_register = 8;

int64_t margin(const Axis& x, int64_t columns) { return std::max<int64_t>(x.pad, 0) + columns + widest_register; }

int64_t scratch_size(const Axis& x, int64_t columns) {
    const int64_t reach = x.input + x.output * x.down + 4 * widest_register * x.down;
    return 3 * (2 * margin(x, columns) + reach);
}

}  // namespace atelier::fir
