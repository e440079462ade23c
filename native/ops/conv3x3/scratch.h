// Memory of a thread that is kept between calls: page faults on fresh memory would cost as much as the transforms.
#pragma once

#include <c10/util/Exception.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace atelier::conv3x3 {

class Scratch {
public:
    // Room for `count` numbers; what an earlier call wrote is gone.
    float* get(int64_t count) {
        if (count > size_) {
            memory_.reset();
            size_ = 0;
            memory_.reset(static_cast<float*>(std::aligned_alloc(page, (static_cast<size_t>(count) * sizeof(float) + page - 1) / page * page)));
            TORCH_CHECK(memory_ != nullptr, "out of memory: ", count * sizeof(float), " bytes of scratch");
            size_ = count;
        }
        return memory_.get();
    }

private:
    static constexpr size_t page = 2 << 20;
    struct Free {
        void operator()(float* p) const { std::free(p); }
    };
    std::unique_ptr<float, Free> memory_;
    int64_t size_ = 0;
};

}  // namespace atelier::conv3x3
