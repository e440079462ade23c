// The C boundary: opaque handles (at::Tensor*), a status of 0 for success, a message per thread for anything else.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <exception>
#include <string>

#ifndef INTRA_OP_PARALLEL
#error "compile with OpenMP: without it at::parallel_for runs on one thread"
#endif

#define ATELIER_EXPORT extern "C" __attribute__((visibility("default")))

namespace atelier::abi {

using Handle = at::Tensor*;

void set_last_error(std::string message) noexcept;

// Runs the body; an exception of any kind becomes a status and the thread's message.
template <typename Body>
int guarded(Body&& body) noexcept {
    try {
        body();
        return 0;
    } catch (const c10::Error& e) {
        set_last_error(e.what_without_backtrace());
    } catch (const std::exception& e) {
        set_last_error(e.what());
    } catch (...) {
        set_last_error("an exception of unknown type");
    }
    return 1;
}

// A null handle is an argument left out.
inline at::Tensor optional(Handle handle) { return handle ? *handle : at::Tensor(); }

inline Handle give(at::Tensor tensor) { return new at::Tensor(std::move(tensor)); }

// Whether this thread was asked to compute every op by its reference: what a self-check compares with.
bool references_only() noexcept;

// Floats on the CPU run the fused kernels; every other device takes the reference composition until it has kernels of its own.
inline bool has_kernels(const at::Tensor& x) {
    return !references_only() && x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble);
}

}  // namespace atelier::abi
