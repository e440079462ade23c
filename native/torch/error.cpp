// The error channel: one message per thread, naming the op, what it was given, and libtorch's reason on one line.
#include "abi.h"

namespace {

thread_local std::string last_error;

const char* dtype_name(at::ScalarType dtype) {
    switch (dtype) {
        case at::kByte: return "uint8";
        case at::kChar: return "int8";
        case at::kShort: return "int16";
        case at::kInt: return "int32";
        case at::kLong: return "int64";
        case at::kHalf: return "float16";
        case at::kBFloat16: return "bfloat16";
        case at::kFloat: return "float32";
        case at::kDouble: return "float64";
        case at::kBool: return "bool";
        default: return c10::toString(dtype);
    }
}

void describe(std::string& text, const at::Tensor* tensor) {
    if (!tensor || !tensor->defined()) {
        text += "none";
        return;
    }
    text += dtype_name(tensor->scalar_type());
    text += '[';
    const auto sizes = tensor->sizes();
    for (size_t i = 0; i < sizes.size(); ++i) {
        if (i) text += ", ";
        text += std::to_string(sizes[i]);
    }
    text += ']';
    if (!tensor->device().is_cpu()) text += " on " + tensor->device().str();
}

// Runs of white space become one blank: TorchScript's reasons are tracebacks of many indented lines.
void append_one_line(std::string& text, const char* reason) {
    bool pending = false;
    for (; *reason; ++reason) {
        if (*reason == '\n' || *reason == '\r' || *reason == '\t' || *reason == ' ') {
            pending = true;
            continue;
        }
        if (pending) text += ' ';
        pending = false;
        text += *reason;
    }
}

}  // namespace

int atorch::fail(const char* op, const at::Tensor* const* operands, size_t count, const char* reason) noexcept {
    try {
        std::string text = op;
        text += '(';
        for (size_t i = 0; i < count; ++i) {
            if (i) text += ", ";
            describe(text, operands[i]);
        }
        text += "):";
        text += ' ';
        append_one_line(text, reason);
        last_error = std::move(text);
    } catch (...) {
        last_error.clear();  // out of memory while reporting: the caller still sees the status
    }
    return 1;
}

// The calling thread's last failure; valid until its next one.
ATORCH const char* atorch_last_error() {
    return last_error.c_str();
}
