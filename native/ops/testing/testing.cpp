#include "testing.h"

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <stdexcept>

namespace atelier::testing {

namespace {

struct Entry {
    std::string name;
    std::function<void()> body;
};

std::vector<Entry>& entries() {
    static std::vector<Entry> list;
    return list;
}

// Undefined gradients are zeros.
struct Derivatives {
    at::Tensor value;
    std::vector<at::Tensor> gradients, second;
};

std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& inputs, const std::vector<bool>& required) {
    std::vector<at::Tensor> result;
    for (size_t i = 0; i < inputs.size(); i++) result.push_back(inputs[i].detach().clone().requires_grad_(required[i]));
    return result;
}

Derivatives derive(const Function& function, const std::vector<at::Tensor>& inputs, const std::vector<bool>& required, const at::Tensor& v) {
    const std::vector<at::Tensor> in = leaves(inputs, required);
    std::vector<at::Tensor> wanted;
    for (size_t i = 0; i < in.size(); i++)
        if (required[i]) wanted.push_back(in[i]);
    Derivatives result;
    result.value = function(in);
    result.gradients = torch::autograd::grad({(result.value * v.to(result.value.dtype())).sum()}, wanted, {}, true, true, true);
    at::Tensor norm;
    for (const at::Tensor& g : result.gradients)
        if (g.defined()) norm = norm.defined() ? norm + (g * g).sum() : (g * g).sum();
    if (norm.defined() && norm.requires_grad()) result.second = torch::autograd::grad({norm}, wanted, {}, false, false, true);
    else result.second.resize(wanted.size());
    for (auto* list : {&result.gradients, &result.second})
        for (size_t i = 0; i < wanted.size(); i++)
            if (!(*list)[i].defined()) (*list)[i] = at::zeros_like(wanted[i]);
    return result;
}

void compare(const std::string& what, const Derivatives& actual, const Derivatives& expected, double value_tolerance, double gradient_tolerance) {
    expect_close(actual.value, expected.value, value_tolerance, what + ": value");
    for (size_t i = 0; i < expected.gradients.size(); i++) {
        expect_close(actual.gradients[i], expected.gradients[i], gradient_tolerance, what + ": gradient " + std::to_string(i));
        expect_close(actual.second[i], expected.second[i], gradient_tolerance, what + ": second gradient " + std::to_string(i));
    }
}

std::vector<at::Tensor> to(const std::vector<at::Tensor>& tensors, at::ScalarType type) {
    std::vector<at::Tensor> result;
    for (const at::Tensor& t : tensors) result.push_back(t.to(type));
    return result;
}

std::vector<at::Tensor> random(const std::vector<std::vector<int64_t>>& shapes) {
    std::vector<at::Tensor> result;
    for (const auto& shape : shapes) result.push_back(at::randn(shape, at::kDouble));
    return result;
}

}  // namespace

Case::Case(std::string name, std::function<void()> body) { entries().push_back({std::move(name), std::move(body)}); }

void expect(bool condition, const std::string& what) {
    if (!condition) throw std::runtime_error(what);
}

double error(const at::Tensor& a, const at::Tensor& b) {
    if (b.numel() == 0) return 0;
    const at::Tensor expected = b.detach().to(at::kDouble), difference = (a.detach().to(at::kDouble) - expected).abs();
    return difference.max().item<double>() / std::max(expected.abs().max().item<double>(), 1e-6);
}

void expect_close(const at::Tensor& actual, const at::Tensor& expected, double tolerance, const std::string& what) {
    expect(actual.sizes() == expected.sizes(), what + ": the shapes differ");
    const double e = error(actual, expected);
    expect(e <= tolerance, what + ": error " + std::to_string(e / tolerance) + " times the tolerance");  // NaN fails too
}

void expect_same_derivatives(const std::string& what, const std::vector<std::vector<int64_t>>& shapes, const Function& op, const Function& reference) {
    std::vector<std::vector<bool>> masks{std::vector<bool>(shapes.size(), true)};
    for (size_t i = 0; shapes.size() > 1 && i < shapes.size(); i++) {
        masks.emplace_back(shapes.size(), false);
        masks.back()[i] = true;
    }
    for (const auto& mask : masks) {
        std::string name = what + " [";
        for (const bool required : mask) name += required ? '1' : '0';
        name += "]";
        at::manual_seed(std::random_device{}());
        std::vector<at::Tensor> inputs = random(shapes);
        at::Tensor v = at::randn(reference(inputs).sizes(), at::kDouble);
        compare(name + " float64", derive(op, inputs, mask, v), derive(reference, inputs, mask, v), 1e-9, 1e-9);
        at::manual_seed(7);
        inputs = to(random(shapes), at::kFloat);
        v = at::randn(v.sizes(), at::kDouble);
        compare(name + " float32", derive(op, inputs, mask, v), derive(reference, to(inputs, at::kDouble), mask, v), 1e-4, 1e-3);
    }
}

}  // namespace atelier::testing

int main() {
    int passed = 0, failed = 0;
    for (const auto& entry : atelier::testing::entries()) {
        try {
            entry.body();
            passed++;
        } catch (const std::exception& e) {
            failed++;
            std::printf("FAIL %s\n     %s\n", entry.name.c_str(), e.what());
        }
    }
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
