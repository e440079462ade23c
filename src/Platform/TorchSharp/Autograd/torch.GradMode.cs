using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Whether the calling thread records operations for differentiation.</summary>
    public static bool is_grad_enabled() => Get(atorch_grad_enabled(out var result), result);

    /// <summary>The calling thread records nothing until the result is disposed of.</summary>
    public static IDisposable no_grad() => new GradMode(false);

    /// <summary>The calling thread records operations until the result is disposed of.</summary>
    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    /// <summary>The calling thread records operations, or not, until the result is disposed of.</summary>
    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    /// <summary>Puts the previous mode back on the thread that made it.</summary>
    private sealed class GradMode : IDisposable
    {
        private readonly bool previous = is_grad_enabled();

        internal GradMode(bool enabled) => Check(atorch_set_grad_enabled(enabled));

        public void Dispose() => Check(atorch_set_grad_enabled(previous));
    }
}
