// The process: threads, devices, version.
#include "abi.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/version.h>

using namespace atorch;

ATORCH int atorch_get_num_threads(int32_t* result) {
    return guarded("get_num_threads", {}, [&] { *result = at::get_num_threads(); });
}

ATORCH int atorch_set_num_threads(int32_t threads) {
    return guarded("set_num_threads", {}, [&] { at::set_num_threads(threads); });
}

// The libtorch this library was compiled against; a static string.
ATORCH const char* atorch_version() {
    return TORCH_VERSION;
}

ATORCH int atorch_cuda_is_available(Flag* result) {
    return guarded("cuda.is_available", {}, [&] { *result = at::detail::getCUDAHooks().hasCUDA(); });
}

ATORCH int atorch_cuda_is_cudnn_available(Flag* result) {
    return guarded("cuda.is_cudnn_available", {}, [&] { *result = at::detail::getCUDAHooks().hasCuDNN(); });
}

ATORCH int atorch_cuda_device_count(int32_t* result) {
    return guarded("cuda.device_count", {}, [&] {
        *result = at::detail::getCUDAHooks().hasCUDA() ? at::detail::getCUDAHooks().getNumGPUs() : 0;
    });
}

ATORCH int atorch_cuda_synchronize(int32_t index) {
    return guarded("cuda.synchronize", {}, [&] {
        TORCH_CHECK(at::detail::getCUDAHooks().hasCUDA(), "this libtorch sees no CUDA device");
        at::detail::getCUDAHooks().deviceSynchronize(static_cast<at::DeviceIndex>(index));
    });
}
