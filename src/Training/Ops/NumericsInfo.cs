using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>What the bits of a run depend on in this process: parts of the numerics fingerprint.</summary>
public static class NumericsInfo
{
    /// <summary>The libtorch that the ops were built against.</summary>
    public static string LibtorchVersion => OpsLibrary.Text(OpsLibrary.LibtorchVersion());

    /// <summary>libtorch's oneDNN, version and commit.</summary>
    public static string OneDnnVersion => OpsLibrary.Text(OpsLibrary.OneDnnVersion());

    /// <summary>The BLAS in use: OpenBLAS with its version, build and processor kernel, or another library's name.</summary>
    public static string Blas => OpsLibrary.Text(OpsLibrary.Blas());

    /// <summary>What the fused kernels run on: "avx2" or "portable" (also forced by <c>ATELIER_ISA=portable</c>).</summary>
    public static string InstructionSet => OpsLibrary.Text(OpsLibrary.InstructionSet());

    /// <summary>Threads that a native call from this thread would use.</summary>
    public static int Threads => OpsLibrary.Threads();
}
