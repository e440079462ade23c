// Times the three maps of 3×3 convolutions, direct (oneDNN) and by Winograd's algorithm, over the sizes that the networks have.
// Prints milliseconds (the least of several runs) and the rate counted as a direct convolution's operations.
#include <ATen/Parallel.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/randn.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "../conv3x3/conv3x3.h"

using namespace atelier;

static at::Tensor direct_forward(const at::Tensor& x, const at::Tensor& w, int64_t stride) {
    const int64_t p = stride == 1 ? 1 : 0;
    return at::convolution(x, w, {}, {stride, stride}, {p, p}, {1, 1}, false, {0, 0}, 1);
}
static at::Tensor direct_input(const at::Tensor& g, const at::Tensor& w, const at::Tensor& x, int64_t stride) {
    const int64_t p = stride == 1 ? 1 : 0;
    return std::get<0>(at::convolution_backward(g, x, w, c10::nullopt, {stride, stride}, {p, p}, {1, 1}, false, {0, 0}, 1, {true, false, false}));
}
static at::Tensor direct_weight(const at::Tensor& x, const at::Tensor& g, const at::Tensor& w, int64_t stride) {
    const int64_t p = stride == 1 ? 1 : 0;
    return std::get<1>(at::convolution_backward(g, x, w, c10::nullopt, {stride, stride}, {p, p}, {1, 1}, false, {0, 0}, 1, {false, true, false}));
}

static double milliseconds(int runs, const std::function<at::Tensor()>& body) {
    double least = 1e30;
    for (int i = 0; i <= runs; i++) {
        const auto start = std::chrono::steady_clock::now();
        const std::clock_t cpu = std::clock();
        body();
        // One thread: its processor time, which other processes disturb less.
        const double elapsed = at::get_num_threads() == 1 ? 1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC
                                                          : std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        if (i > 0) least = std::min(least, elapsed);
    }
    return least;
}

int main(int count, char** arguments) {
    const int runs = count > 1 ? std::atoi(arguments[1]) : 10;
    const struct {
        int64_t stride, n, channels, size;  // of the output
    } cases[] = {{1, 8, 128, 64}, {1, 8, 128, 32}, {1, 8, 128, 16}, {1, 8, 128, 8}, {1, 16, 64, 32}, {1, 16, 64, 16}, {1, 16, 64, 8}, {1, 4, 64, 32}, {1, 8, 32, 64}, {1, 8, 32, 32}, {1, 8, 32, 16}, {1, 8, 24, 32}, {1, 8, 24, 16}, {1, 8, 16, 64}, {1, 8, 16, 16}, {1, 4, 256, 64}, {1, 4, 512, 32}, {1, 4, 512, 16}, {1, 4, 512, 8},
                 {2, 8, 128, 32}, {2, 8, 128, 16}, {2, 8, 128, 8}, {2, 16, 64, 16}, {2, 16, 64, 8}, {2, 8, 32, 32}, {2, 8, 16, 16}, {2, 4, 256, 32}, {2, 4, 512, 16}, {2, 4, 512, 8}};
    std::printf("%6s %4s %4s %4s | %22s | %22s | %22s\n", "stride", "N", "C", "size", "forward direct / W", "input direct / W", "weight direct / W");
    for (const auto& c : cases) {
        const int64_t size = c.stride == 1 ? c.size : 2 * c.size + 1;
        const at::Tensor x = at::randn({c.n, c.channels, size, size}), g = at::randn({c.n, c.channels, c.size, c.size}), w = at::randn({c.channels, c.channels, 3, 3});
        const double operations = 2.0 * 9 * c.n * c.channels * c.channels * c.size * c.size * 1e-6;
        const auto show = [&](const std::function<at::Tensor()>& direct, const std::function<at::Tensor()>& winograd) {
            const double a = milliseconds(runs, direct), b = milliseconds(runs, winograd);
            std::printf(" | %6.2f %6.2f (%4.0f GF/s)", a, b, operations / b);
        };
        std::printf("%6ld %4ld %4ld %4ld", static_cast<long>(c.stride), static_cast<long>(c.n), static_cast<long>(c.channels), static_cast<long>(c.size));
        show([&] { return direct_forward(x, w, c.stride); }, [&] { return conv3x3::forward(x, {}, w, c.stride, nullptr); });
        show([&] { return direct_input(g, w, x, c.stride); }, [&] { return conv3x3::input_gradient(g, {}, w, c.stride, nullptr); });
        if (c.stride == 1)
            show([&] { return direct_weight(x, g, w, c.stride); }, [&] { return conv3x3::weight_gradient(x, {}, g, {}); });
        std::printf("\n");
    }
}
