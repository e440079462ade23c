#include "abi.h"

namespace atelier::abi {

static thread_local std::string last_error;
static thread_local bool only_references = false;

bool references_only() noexcept { return only_references; }

void set_last_error(std::string message) noexcept { last_error = std::move(message); }

}  // namespace atelier::abi

// Makes the calling thread's ops take their reference compositions (1) or what is fastest (0).
ATELIER_EXPORT void atelier_ops_use_references(int on) { atelier::abi::only_references = on != 0; }

// The calling thread's latest message; valid until its next failing call.
ATELIER_EXPORT const char* atelier_ops_last_error() { return atelier::abi::last_error.c_str(); }
