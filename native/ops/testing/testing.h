// The smallest test runner that serves: named cases, a tolerance, a summary line. And what every op has to show: value,
// gradient and gradient of gradient equal to its reference's.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace atelier::testing {

// Registers a case; `body` throws or calls `expect` to fail.
struct Case {
    Case(std::string name, std::function<void()> body);
};

void expect(bool condition, const std::string& what);

// max|a − b| / max(max|b|, 1e-6), in double.
double error(const at::Tensor& a, const at::Tensor& b);
void expect_close(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const std::string& what);

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Compares `op` with `reference` on random inputs of the given shapes: the value, g = d⟨out, v⟩/d in, and d Σ‖g‖²/d in. With more than
// one input also with each alone requiring a gradient, as in the phases that regularise. float64 to 1e-9 on fresh numbers; float32 against
// the reference in float64, values to 1e-4 and gradients to 1e-3, on the same numbers every time (a kink may otherwise fall on either side).
void expect_same_derivatives(const std::string& what, const std::vector<std::vector<int64_t>>& shapes, const Function& op, const Function& reference);

}  // namespace atelier::testing

#define ATELIER_JOIN_(a, b) a##b
#define ATELIER_JOIN(a, b) ATELIER_JOIN_(a, b)
// TEST(Method_Case_Outcome) { … }
#define TEST(name)                                                                 \
    static void name();                                                            \
    static const ::atelier::testing::Case ATELIER_JOIN(name, _case)(#name, &name); \
    static void name()
