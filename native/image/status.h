// How every export runs: libvips started once, exceptions and libvips errors turned into a status and one line.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace atelier::image {

// A libvips call failed; the reason lies in libvips' own error buffer.
struct VipsFailure : std::runtime_error {
    VipsFailure() : std::runtime_error("libvips failed") {}
};

// A reason of our own, told as it is.
struct Refusal : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Runs `body`; 0 if it returns, 1 with the reason recorded if it throws. On a libvips failure the body runs again,
// alone: libvips keeps one error buffer for the whole process, and only a lone failure gives a reason that is surely
// its own. The body therefore has no effect before it succeeds.
int run(const std::function<void()>& body) noexcept;

}  // namespace atelier::image
