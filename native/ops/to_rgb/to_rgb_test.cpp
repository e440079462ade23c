#include "to_rgb.h"

#include "../testing/testing.h"

namespace atelier::to_rgb {
namespace {

TEST(ToRgb_WithAndWithoutClamp_MatchesReference) {
    for (const double clamp : {-1.0, 1.0})
        testing::expect_same_derivatives("clamp " + std::to_string(clamp), {{3, 6, 5, 7}, {3, 6, 1, 1}, {3, 6}, {3}},
                                         [&](const auto& in) { return apply(in[0], in[1], in[2], in[3], clamp); },
                                         [&](const auto& in) { return reference(in[0], in[1], in[2], in[3], clamp); });
}

}  // namespace
}  // namespace atelier::to_rgb
