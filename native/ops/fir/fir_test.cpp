#include "fir.h"

#include <ATen/ops/randn.h>

#include "../testing/filters.h"
#include "../testing/testing.h"

namespace atelier::fir {
namespace {

void compare(const std::string& what, const std::vector<int64_t>& shape, const at::Tensor& filter, const Arguments& a) {
    testing::expect_same_derivatives(what, {shape}, [&](const auto& in) { return upfirdn2d(in[0], filter, a); },
                                     [&](const auto& in) { return reference(in[0], filter, a); });
}

const Arguments cases[] = {
    {1, 1, 1, 1, {1, 2, 0, 3}, false, 1},  {2, 2, 1, 1, {2, 1, 2, 1}, false, 4},     {1, 1, 2, 2, {1, 1, 1, 1}, false, 1},
    {2, 1, 1, 2, {0, 1, 2, 0}, false, 1},  {3, 3, 2, 2, {-1, 4, 2, -1}, true, 1.7},  {1, 1, 1, 1, {-2, -1, -1, -2}, false, 1},
    {2, 2, 2, 2, {3, 3, 2, 2}, true, .5},  {1, 1, 3, 4, {5, 9, 6, 7}, false, 1},     {4, 2, 1, 1, {9, -3, -2, 11}, false, 2},
};

TEST(Upfirdn2d_ManyGeometries_MatchReference) {
    at::manual_seed(3);
    const at::Tensor filters[] = {testing::binomial(), at::randn({4, 3}, at::kDouble), at::randn({5, 5}, at::kDouble), at::randn({10}, at::kDouble),
                                  at::randn({1}, at::kDouble), at::Tensor()};
    int number = 0;
    for (const Arguments& a : cases) {
        for (const at::Tensor& filter : filters) compare("case " + std::to_string(number), {2, 3, 17, 21}, filter, a);
        number++;
    }
}

TEST(Upfirdn2d_EveryWidth_MatchesReference) {
    for (int64_t width = 4; width < 24; width++)
        for (const int which : {0, 1, 2}) compare("width " + std::to_string(width), {1, 2, 5, width}, testing::binomial(), cases[which]);
}

TEST(MakeSpec_OuterProduct_IsOneTerm) {
    testing::expect(make_spec(testing::binomial().to(at::kFloat), {}).terms == 1, "the binomial filter is separable");
    at::manual_seed(3);
    testing::expect(make_spec(at::randn({4, 3}), {}).terms == 4, "a random filter is not");
}

TEST(Upfirdn2d_ImageTooSmall_Throws) {
    try {
        upfirdn2d(at::zeros({1, 1, 2, 2}), testing::binomial(), {});
    } catch (const c10::Error&) {
        return;
    }
    testing::expect(false, "no exception");
}

}  // namespace
}  // namespace atelier::fir
