#include "flat_optimizer.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/randn.h>

#include <cmath>

#include "../testing/testing.h"

namespace atelier::flat_optimizer {
namespace {

using testing::expect;
using testing::expect_close;

TEST(AdamStep_SeveralStepsWithNonFiniteGradients_MatchReference) {
    for (const auto type : {at::kDouble, at::kFloat}) {
        at::manual_seed(11);
        const int64_t n = 100003;
        at::Tensor p = at::randn({n}, type), m = at::zeros({n}, type), v = at::zeros({n}, type);
        at::Tensor rp = p.clone(), rm = m.clone(), rv = v.clone();
        for (int64_t step = 1; step <= 4; step++) {
            at::Tensor g = at::randn({n}, type);
            g[5].fill_(NAN);
            g[77].fill_(INFINITY);
            g[n - 1].fill_(-INFINITY);
            const Adam adam{.002, .3, .99, 1e-8, step, .25};
            const NonFinite found = adam_step(p, g, m, v, adam), expected = adam_step_reference(rp, g, rm, rv, adam);
            expect(found.nans == 1 && found.infinities == 2 && expected.nans == 1 && expected.infinities == 2, "one NaN and two infinities are counted");
        }
        const double tolerance = type == at::kDouble ? 1e-12 : 1e-6;
        expect_close(p, rp, tolerance, "parameters");
        expect_close(m, rm, tolerance, "first moment");
        expect_close(v, rv, tolerance, "second moment");
    }
}

TEST(AdamStep_OneOrTwoThreads_SameBits) {
    const int before = at::get_num_threads();
    at::Tensor results[2];
    for (const int threads : {1, 2}) {
        at::set_num_threads(threads);
        at::manual_seed(11);
        at::Tensor p = at::randn({300001}), m = at::zeros_like(p), v = at::zeros_like(p);
        adam_step(p, at::randn({300001}), m, v, {.002, 0, .99, 1e-8, 1, 1});
        results[threads - 1] = p;
    }
    at::set_num_threads(before);
    expect(results[0].equal(results[1]), "the bits depend on the threads");
}

TEST(Average_EitherHalf_IsLerp) {
    for (const double beta : {.2, .999}) {
        at::manual_seed(11);
        const at::Tensor p = at::randn({1001}, at::kDouble);
        at::Tensor ema = at::randn({1001}, at::kDouble);
        const at::Tensor expected = at::lerp(p, ema, beta);
        average(ema, p, beta);
        expect_close(ema, expected, 1e-15, "average");
    }
}

TEST(AdamStep_SizesDiffer_Throws) {
    at::Tensor p = at::zeros({3}), m = at::zeros({3}), v = at::zeros({3});
    try {
        adam_step(p, at::zeros({4}), m, v, {.1, 0, .99, 1e-8, 1, 1});
    } catch (const c10::Error&) {
        return;
    }
    expect(false, "no exception");
}

}  // namespace
}  // namespace atelier::flat_optimizer
