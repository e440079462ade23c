// Generators and what they draw. A null generator is libtorch's default one for the tensor's device.
#include "abi.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include <mutex>

using namespace atorch;

namespace {

c10::optional<at::Generator> maybe_generator(const at::Generator* generator) {
    return generator ? c10::optional<at::Generator>(*generator) : c10::nullopt;
}

// libtorch asks callers to hold a generator's mutex around anything that touches its state.
template <typename Body>
void locked(at::Generator& generator, Body&& body) {
    const std::lock_guard<std::mutex> lock(generator.mutex());
    body();
}

}  // namespace

ATORCH int atorch_generator_new(uint64_t seed, int32_t device_type, int32_t device_index, at::Generator** result) {
    return guarded("Generator", {}, [&] {
        const at::Device device = device_of(device_type, device_index);
        if (device.is_cpu()) {
            *result = new at::Generator(at::detail::createCPUGenerator(seed));
        } else {
            at::Generator generator = at::globalContext().defaultGenerator(device).clone();
            locked(generator, [&] { generator.set_current_seed(seed); });
            *result = new at::Generator(std::move(generator));
        }
    });
}

ATORCH int atorch_generator_default(at::Generator** result) {
    return guarded("Generator", {}, [&] {
        *result = new at::Generator(at::globalContext().defaultGenerator(at::Device(at::kCPU)));
    });
}

ATORCH int atorch_generator_free(at::Generator* self) {
    return guarded("Generator", {}, [&] { delete self; });
}

ATORCH int atorch_generator_manual_seed(at::Generator* self, uint64_t seed) {
    return guarded("Generator.manual_seed", {}, [&] { locked(*self, [&] { self->set_current_seed(seed); }); });
}

ATORCH int atorch_generator_seed(at::Generator* self, uint64_t* result) {
    return guarded("Generator.seed", {}, [&] { locked(*self, [&] { *result = self->seed(); }); });
}

ATORCH int atorch_generator_initial_seed(at::Generator* self, uint64_t* result) {
    return guarded("Generator.initial_seed", {}, [&] { locked(*self, [&] { *result = self->current_seed(); }); });
}

ATORCH int atorch_generator_get_state(at::Generator* self, at::Tensor** result) {
    return guarded("Generator.get_state", {}, [&] { locked(*self, [&] { *result = give(self->get_state()); }); });
}

ATORCH int atorch_generator_set_state(at::Generator* self, const at::Tensor* state) {
    return guarded("Generator.set_state", {state}, [&] { locked(*self, [&] { self->set_state(*state); }); });
}

ATORCH int atorch_manual_seed(uint64_t seed) {
    return guarded("manual_seed", {}, [&] { at::manual_seed(seed); });
}

#define DRAW(NAME)                                                                                             \
    ATORCH int atorch_##NAME(const int64_t* sizes, int32_t rank, const at::Generator* generator, int32_t dtype, \
                             int32_t device_type, int32_t device_index, at::Tensor** result) {                 \
        return guarded(#NAME, {}, [&] {                                                                        \
            *result = give(at::NAME(ints(sizes, rank), maybe_generator(generator),                             \
                                    options_of(dtype, device_type, device_index)));                            \
        });                                                                                                    \
    }

DRAW(rand)
DRAW(randn)

ATORCH int atorch_normal_(at::Tensor* self, double mean, double std, const at::Generator* generator) {
    return guarded("normal_", {self}, [&] { self->normal_(mean, std, maybe_generator(generator)); });
}

ATORCH int atorch_uniform_(at::Tensor* self, double from, double to, const at::Generator* generator) {
    return guarded("uniform_", {self}, [&] { self->uniform_(from, to, maybe_generator(generator)); });
}
