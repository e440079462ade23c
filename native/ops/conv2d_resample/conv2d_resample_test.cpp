#include "conv2d_resample.h"

#include "../testing/filters.h"
#include "../testing/testing.h"

namespace atelier::conv2d_resample {
namespace {

TEST(Conv2dResample_ManyGeometries_MatchReference) {
    const at::Tensor filter = testing::binomial();
    struct {
        Arguments arguments;
        std::vector<int64_t> weight;
    } const cases[] = {
        {{1, 1, 1, 1, true}, {6, 4, 3, 3}},  {{1, 1, 1, 1, false}, {6, 4, 3, 3}}, {{1, 1, 0, 1, true}, {6, 4, 1, 1}},  {{2, 1, 1, 1, false}, {6, 4, 3, 3}},
        {{2, 1, 1, 1, true}, {6, 4, 3, 3}},  {{1, 2, 1, 1, true}, {6, 4, 3, 3}},  {{1, 2, 0, 1, true}, {6, 4, 1, 1}},  {{2, 1, 0, 1, true}, {6, 4, 1, 1}},
        {{2, 1, 1, 2, true}, {6, 2, 3, 3}},  {{1, 2, 1, 2, false}, {6, 2, 3, 3}}, {{2, 2, 1, 1, false}, {6, 4, 3, 3}}, {{1, 1, -1, 1, true}, {6, 4, 3, 3}},
        {{4, 1, 2, 1, false}, {6, 4, 3, 3}}, {{2, 1, 2, 1, true}, {6, 4, 5, 5}},  {{1, 1, 0, 1, true}, {6, 4, 3, 3}},  {{2, 2, 0, 1, true}, {6, 4, 1, 1}},
    };
    int number = 0;
    for (const auto& c : cases) {
        const std::vector<std::vector<int64_t>> shapes{{2, 4, 8, 10}, c.weight};
        testing::expect_same_derivatives("case " + std::to_string(number++), shapes,
                                         [&](const auto& in) { return apply(in[0], in[1], filter, c.arguments); },
                                         [&](const auto& in) { return reference(in[0], in[1], filter, c.arguments); });
    }
}

}  // namespace
}  // namespace atelier::conv2d_resample
