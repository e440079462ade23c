using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/jit.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_jit_load(string path, int deviceType, int deviceIndex, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_load_bytes(ReadOnlySpan<byte> bytes, long count, int deviceType, int deviceIndex,
        out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_free(nint self);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int atorch_jit_invoke(ScriptHandle self, string method, ReadOnlySpan<ScriptValue> arguments,
        int count, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_result_count(nint self, out int shape, out int count);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_result_take(nint self, int index, out int kind, out nint tensor, out Number number);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_result_free(nint self);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_train(ScriptHandle self, Flag on);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_training(ScriptHandle self, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_jit_to(ScriptHandle self, int dtype, int deviceType, int deviceIndex, Flag nonBlocking);
}
