#include "moments.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigvals.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <dlfcn.h>

#include <complex>
#include <vector>

namespace atelier::moments {

// libtorch's own BLAS and LAPACK: loaded with it, and offered by no header of its.
template <typename Function>
static Function routine(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

at::Tensor gram(const at::Tensor& x) {
    TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kDouble, "features must be float64 [N, D]");
    using Syrk = void (*)(const char*, const char*, const int*, const int*, const double*, const double*, const int*, const double*, double*, const int*);
    static const auto syrk = routine<Syrk>("dsyrk_");
    if (syrk == nullptr || !x.device().is_cpu()) return at::matmul(x.t(), x);
    const at::Tensor rows = x.contiguous();
    // A row-major [N, D] is a column-major [D, N].
    const int n = static_cast<int>(rows.size(1)), k = static_cast<int>(rows.size(0));
    const double one = 1, zero = 0;
    at::Tensor result = at::zeros({n, n}, rows.options());
    if (n == 0 || k == 0) return result;
    syrk("L", "N", &n, &k, &one, rows.data_ptr<double>(), &n, &zero, result.data_ptr<double>(), &n);
    return result.triu().add_(result.triu(1).t());
}

double root_trace(const at::Tensor& m) {
    TORCH_CHECK(m.dim() == 2 && m.size(0) == m.size(1) && m.scalar_type() == at::kDouble, "the matrix must be square and float64");
    using Gees = void (*)(const char*, const char*, void*, const int*, double*, const int*, int*, double*, double*, double*, const int*, double*, const int*, int*,
                          int*);
    static const auto gees = routine<Gees>("dgees_");
    const int n = static_cast<int>(m.size(0));
    if (n == 0) return 0;
    std::vector<std::complex<double>> eigenvalues(static_cast<size_t>(n));
    if (gees == nullptr || !m.device().is_cpu()) {
        const at::Tensor found = at::linalg_eigvals(m).cpu();
        std::copy_n(reinterpret_cast<const std::complex<double>*>(found.data_ptr<c10::complex<double>>()), n, eigenvalues.begin());
    } else {
        at::Tensor schur = m.t().clone(at::MemoryFormat::Contiguous); // column-major
        std::vector<double> real(static_cast<size_t>(n)), imaginary(static_cast<size_t>(n));
        double unused = 0, size = 0;
        int sorted = 0, info = 0, work = -1;
        const int one = 1;
        gees("N", "N", nullptr, &n, schur.data_ptr<double>(), &n, &sorted, real.data(), imaginary.data(), &unused, &one, &size, &work, nullptr, &info);
        work = static_cast<int>(size);
        std::vector<double> space(static_cast<size_t>(work));
        gees("N", "N", nullptr, &n, schur.data_ptr<double>(), &n, &sorted, real.data(), imaginary.data(), &unused, &one, space.data(), &work, nullptr, &info);
        TORCH_CHECK(info == 0, "the eigenvalues were not found (dgees ", info, "): is every number finite?");
        for (size_t i = 0; i < eigenvalues.size(); i++) eigenvalues[i] = {real[i], imaginary[i]};
    }
    double sum = 0;
    for (const auto& eigenvalue : eigenvalues) sum += std::sqrt(eigenvalue).real();
    return sum;
}

}  // namespace atelier::moments
