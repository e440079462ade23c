#include "augment.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "../testing/testing.h"
#include "plan.h"

namespace atelier::augment {
namespace {

using Row = std::vector<double>;

Row same() { return {1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, .5, .5, 0}; }

Row geometry(double a, double b, double x, double c, double d, double y) {
    Row row = same();
    std::copy_n(Row{a, b, x, c, d, y}.begin(), 6, row.begin());
    return row;
}

Row turned(double angle, double zoom, double x, double y) {
    return geometry(zoom * std::cos(angle), -zoom * std::sin(angle), x, zoom * std::sin(angle), zoom * std::cos(angle), y);
}

Row coloured(Row row) {
    std::copy_n(Row{.9, .2, -.1, .05, -.3, 1.2, .1, -.2, .1, .4, .7, .3}.begin(), 12, row.begin() + 6);
    return row;
}

Row filtered(Row row) {
    std::copy_n(Row{.8, 1.3, .6, 1.7}.begin(), 4, row.begin() + 18);
    return row;
}

Row noisy(Row row) {
    row[22] = .3;
    return row;
}

Row cut(Row row) {
    std::copy_n(Row{.3, .8, .5}.begin(), 3, row.begin() + 23);
    return row;
}

at::Tensor table(const std::vector<Row>& rows) {
    std::vector<at::Tensor> tensors;
    for (const Row& row : rows) tensors.push_back(at::tensor(row, at::kDouble).unsqueeze(0));
    return at::cat(tensors);
}

// A stage alone, several sorts of geometry, and everything at once.
const std::vector<Row> cases{
    same(),
    turned(.4, 1, 0, 0),
    turned(-2, .3, 3.3, -1.2),        // enlarged
    turned(1, 3, 0, 0),               // made small: beyond the reflected border all is zero
    geometry(-1, 0, 0, 0, 1, 0),      // mirrored
    geometry(0, 1, 2, -1, 0, -3),     // a quarter turn, moved by whole pixels
    geometry(1.2, .1, 500, 0, .8, 0),  // moved out of sight
    coloured(same()),
    filtered(same()),
    noisy(same()),
    cut(same()),
    cut(noisy(filtered(coloured(turned(.7, 1.3, 1.5, -.6))))),
};

at::Tensor noise_for(const std::vector<int64_t>& shape, at::ScalarType type = at::kDouble) {
    at::manual_seed(11);
    return at::randn(shape, at::kDouble).to(type);
}

TEST(Augment_EveryStage_MatchesReference) {
    for (const auto& [height, width] : std::vector<std::pair<int64_t, int64_t>>{{16, 16}, {24, 10}, {4, 4}, {5, 33}})
        for (size_t i = 0; i < cases.size(); i++) {
            const at::Tensor parameters = table({cases[i]}), noise = noise_for({1, 3, height, width});
            // Squared, so that the second gradient passes through the adjoint's own backward pass.
            testing::expect_same_derivatives(
                "case " + std::to_string(i) + " " + std::to_string(height) + "x" + std::to_string(width), {{1, 3, height, width}},
                [&](const auto& in) { return apply(in[0], parameters, noise).square(); },
                [&](const auto& in) { return reference(in[0], parameters, noise).square(); });
        }
}

TEST(Augment_GreyImages_MatchReference) {
    const at::Tensor parameters = table({cases.back(), coloured(same())}), noise = noise_for({2, 1, 12, 12});
    testing::expect_same_derivatives("grey", {{2, 1, 12, 12}}, [&](const auto& in) { return apply(in[0], parameters, noise).square(); },
                                     [&](const auto& in) { return reference(in[0], parameters, noise).square(); });
}

TEST(Augment_FiniteDifferences_MatchTheGradient) {
    const std::vector<int64_t> shape{1, 3, 8, 8};
    at::manual_seed(5);
    const at::Tensor start = at::randn(shape, at::kDouble), v = at::randn(shape, at::kDouble), noise = noise_for(shape);
    for (const Row& row : cases) {
        const at::Tensor parameters = table({row}), x = start.clone().requires_grad_(true);
        const auto loss = [&](const at::Tensor& image) { return (apply(image, parameters, noise).square() * v).sum(); };
        const at::Tensor gradient = torch::autograd::grad({loss(x)}, {x}, {}, true, true)[0];
        const at::Tensor penalty = torch::autograd::grad({gradient.square().sum()}, {x})[0];
        const auto gradient_norm = [&](const at::Tensor& image) {
            const at::Tensor leaf = image.clone().requires_grad_(true);
            return torch::autograd::grad({loss(leaf)}, {leaf})[0].square().sum().template item<double>();
        };
        for (const int64_t pixel : {0, 27, 191}) {
            constexpr double h = 1e-4;
            at::Tensor more = start.clone(), less = start.clone();
            more.view(-1)[pixel] += h;
            less.view(-1)[pixel] -= h;
            const double first = (loss(more) - loss(less)).item<double>() / (2 * h), second = (gradient_norm(more) - gradient_norm(less)) / (2 * h);
            testing::expect(std::abs(first - gradient.view(-1)[pixel].item<double>()) < 1e-6 * (1 + std::abs(first)), "gradient");
            testing::expect(std::abs(second - penalty.view(-1)[pixel].item<double>()) < 1e-6 * (1 + std::abs(second)), "gradient of gradient");
        }
    }
}

std::vector<Image> images_of(const Shape& shape) {
    std::vector<Image> images;
    for (const Row& row : cases) images.push_back(plan(shape, row.data()));
    return images;
}

TEST(Run_IntoNaNs_WritesEveryElement) {
    const Shape shape{3, 9, 14};
    const std::vector<Image> images = images_of(shape);
    at::manual_seed(2);
    const at::Tensor x = at::randn({static_cast<int64_t>(images.size()), 3, 9, 14}), noise = at::randn_like(x);
    const at::Tensor poison = at::full_like(x, std::numeric_limits<double>::quiet_NaN());
    for (const Mode mode : {Mode::affine, Mode::linear, Mode::adjoint}) {
        at::Tensor first = at::zeros_like(x), second = poison.clone(), lost = poison.clone();
        run(mode, images, x, noise, first);
        // NaNs all over the scratch too.
        run(mode, images, poison, poison, lost);
        run(mode, images, x, noise, second);
        testing::expect(first.isfinite().all().item<bool>() && first.equal(second), "the bits depend on what was in memory");
    }
}

TEST(Run_AnyNumberOfThreads_SameBits) {
    const Shape shape{3, 16, 16};
    const std::vector<Image> images = images_of(shape);
    at::manual_seed(2);
    const at::Tensor x = at::randn({static_cast<int64_t>(images.size()), 3, 16, 16}), noise = at::randn_like(x);
    const int before = at::get_num_threads();
    for (const Mode mode : {Mode::affine, Mode::adjoint}) {
        at::Tensor one = at::empty_like(x), many = at::empty_like(x);
        at::set_num_threads(1);
        run(mode, images, x, noise, one);
        at::set_num_threads(3);
        run(mode, images, x, noise, many);
        testing::expect(one.equal(many), "threads change the bits");
    }
    at::set_num_threads(before);
}

TEST(Run_ABatch_IsItsImagesOneByOne) {
    const Shape shape{3, 16, 16};
    const std::vector<Image> images = images_of(shape);
    at::manual_seed(2);
    const at::Tensor x = at::randn({static_cast<int64_t>(images.size()), 3, 16, 16}), noise = at::randn_like(x);
    at::Tensor together = at::empty_like(x);
    run(Mode::affine, images, x, noise, together);
    for (size_t n = 0; n < images.size(); n++) {
        at::Tensor alone = at::empty_like(x[n]).unsqueeze(0);
        run(Mode::affine, {images[n]}, x[n].unsqueeze(0), noise[n].unsqueeze(0), alone);
        testing::expect(alone[0].equal(together[n]), "an image depends on its neighbours");
    }
}

TEST(Augment_WholePixels_MovesAndReflects) {
    const at::Tensor x = at::arange(12 * 12, at::kDouble).sin().view({1, 1, 12, 12});
    // The result's pixel (x, y) is the image's (x + 3, y − 2).
    const at::Tensor moved = apply(x, table({geometry(1, 0, 3, 0, 1, -2)}), {});
    at::Tensor expected = at::empty_like(x);
    for (int64_t i = 0; i < 12; i++)
        for (int64_t j = 0; j < 12; j++) expected[0][0][i][j] = x[0][0][reflect(i - 2, 12)][reflect(j + 3, 12)];
    testing::expect_close(moved, expected, 1e-12, "moved");
}

TEST(Augment_ARamp_FollowsTheMatrix) {
    // A wavelet with six vanishing moments keeps ramps; its phase, which is not quite linear, moves them by under a tenth of a pixel.
    const int64_t size = 64;
    const at::Tensor middle = at::arange(size, at::kDouble) - (size - 1) / 2.0;
    const at::Tensor x = middle.view({1, -1}), y = middle.view({-1, 1}), ramp = (2 * x + 5 * y).view({1, 1, size, size});
    for (const Row& row : {turned(.5, .7, 1.3, -2.1), geometry(0, 1, 0, -1, 0, 0), geometry(.5, 0, .25, .1, .8, 0)}) {
        const at::Tensor at_x = x * row[0] + y * row[1] + row[2], at_y = x * row[3] + y * row[4] + row[5], expected = 2 * at_x + 5 * at_y;
        const at::Tensor error = (apply(ramp, table({row}), {})[0][0] - expected).abs();
        const at::Tensor inner = error.slice(0, 24, 40).slice(1, 24, 40);
        testing::expect(inner.max().item<double>() < .5, "the ramp is elsewhere");
    }
}

TEST(Augment_Wavelet_IsOrthogonalWithSixVanishingMoments) {
    for (int64_t shift = 0; shift < wavelet_taps; shift += 2) {
        double product = 0;
        for (int64_t k = 0; k + shift < wavelet_taps; k++) product += 2 * wavelet[k] * wavelet[k + shift];
        testing::expect(std::abs(product - (shift == 0)) < 1e-10, "orthogonal");
    }
    for (int moment = 0; moment < 6; moment++) {
        double sum = 0;
        for (int64_t k = 0; k < wavelet_taps; k++) sum += (k % 2 ? -1 : 1) * std::pow(k - 5.5, moment) * wavelet[k];
        testing::expect(std::abs(sum) < 1e-7 * std::pow(5.5, moment), "moment " + std::to_string(moment));
    }
}

TEST(FilterBank_AllBands_AddUpToTheIdentity) {
    for (int64_t k = 0; k < band_taps; k++) {
        double sum = 0;
        for (const auto& band : filter_bank()) {
            testing::expect(static_cast<int64_t>(band.size()) == band_taps, "length");
            sum += band[k];
        }
        testing::expect(std::abs(sum - (k == band_taps / 2)) < 1e-12, "tap " + std::to_string(k));
    }
    // Each band keeps a wave of its own octave better than the others do.
    for (int64_t octave = 0; octave < band_count; octave++) {
        const double frequency = octave == 0 ? 0 : M_PI * std::pow(.5, 3.2 - octave);
        int64_t strongest = 0;
        double best = 0;
        for (int64_t band = 0; band < band_count; band++) {
            double response = 0;
            for (int64_t k = 0; k < band_taps; k++) response += filter_bank()[band][k] * std::cos(frequency * static_cast<double>(k - band_taps / 2));
            if (response > best) strongest = band, best = response;
        }
        testing::expect(strongest == octave, "octave " + std::to_string(octave) + " is kept by band " + std::to_string(strongest));
    }
}

TEST(Augment_Cutout_IsTheRectangleAndNoMore) {
    Row row = same();
    row[23] = .25, row[24] = .5, row[25] = .5;
    const at::Tensor x = at::ones({1, 3, 8, 8}), y = apply(x, table({row}), {});
    at::Tensor expected = x.clone();
    expected.slice(2, 2, 6).slice(3, 0, 4).zero_();
    testing::expect(y.equal(expected), "cutout");
}

TEST(Augment_WrongArguments_Throw) {
    const auto throws = [](const at::Tensor& x, const at::Tensor& parameters, const at::Tensor& noise) {
        try {
            apply(x, parameters, noise);
        } catch (const c10::Error&) {
            return true;
        }
        return false;
    };
    const at::Tensor x = at::zeros({1, 3, 8, 8});
    testing::expect(throws(x, table({same(), same()}), {}), "rows");
    testing::expect(throws(x, table({same()}).to(at::kFloat), {}), "dtype");
    testing::expect(throws(x, table({noisy(same())}), {}), "no noise");
    testing::expect(throws(at::zeros({1, 2, 8, 8}), table({coloured(same())}), {}), "channels");
}

}  // namespace
}  // namespace atelier::augment
