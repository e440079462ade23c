using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/random.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_generator_new(ulong seed, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_default(out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_free(nint self);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_manual_seed(GeneratorHandle self, ulong seed);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_seed(GeneratorHandle self, out ulong result);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_initial_seed(GeneratorHandle self, out ulong result);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_get_state(GeneratorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_generator_set_state(GeneratorHandle self, TensorHandle state);

    [LibraryImport(Library)]
    internal static partial int atorch_manual_seed(ulong seed);

    [LibraryImport(Library)]
    internal static partial int atorch_rand(ReadOnlySpan<long> sizes, int rank, GeneratorHandle generator, int dtype,
        int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_randn(ReadOnlySpan<long> sizes, int rank, GeneratorHandle generator, int dtype,
        int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_normal_(TensorHandle self, double mean, double std, GeneratorHandle generator);

    [LibraryImport(Library)]
    internal static partial int atorch_uniform_(TensorHandle self, double from, double to, GeneratorHandle generator);
}
