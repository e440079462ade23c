using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// A handle on a libtorch tensor. Views are tensors that share storage; every method returns a new handle, which belongs
    /// to the thread's innermost dispose scope.
    /// </summary>
    /// <remarks>
    /// A failing native call throws <see cref="System.Runtime.InteropServices.ExternalException"/>, whose message names the op,
    /// its tensors' shapes and dtypes, and libtorch's reason. Using a disposed tensor throws <see cref="InvalidOperationException"/>.
    /// </remarks>
    public partial class Tensor : IDisposable
    {
        internal readonly TensorHandle handle;

        internal Tensor(nint pointer)
        {
            handle = new TensorHandle(pointer);
            if (pointer != 0) Scope = DisposeScopeManager.Thread.Register(this);
        }

        /// <summary>The scope that will dispose of this tensor.</summary>
        internal DisposeScope? Scope { get; set; }

        /// <summary>Native tensors alive in this process, views included.</summary>
        public static long TotalCount => TensorHandle.LiveCount;

        /// <summary>The largest <see cref="TotalCount"/> so far.</summary>
        public static long PeakCount => TensorHandle.PeakCount;

        /// <summary>Whether the tensor was disposed of or handed over, or never was (an unused input's gradient).</summary>
        public bool IsInvalid => handle.Pointer == 0;

        /// <summary>The <c>at::Tensor*</c>, still owned by this object: keep it alive while native code uses it.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed of or handed over.</exception>
        public IntPtr Handle => handle.Pointer is var pointer && pointer != 0
            ? pointer
            : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        /// <summary>Takes ownership of an <c>at::Tensor*</c> made with <c>new</c>.</summary>
        public static Tensor UnsafeCreateTensor(IntPtr handle) => new(handle);

        /// <summary>Hands the <c>at::Tensor*</c> to the caller, who deletes it; this object becomes invalid.</summary>
        /// <exception cref="InvalidOperationException">The tensor was disposed of or handed over.</exception>
        public IntPtr DecoupleFromNativeHandle()
        {
            _ = Handle;
            CountAsDisposed();
            return handle.Release();
        }

        /// <summary>Frees this handle; storage lives while other handles or the autograd graph use it.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees this handle. The native tensor has its own finalizer, so there is nothing to do without it.</summary>
        protected virtual void Dispose(bool disposing)
        {
            if (!disposing || IsInvalid) return;
            CountAsDisposed();
            handle.Dispose();
        }

        /// <summary>Hands the tensor to the scope that encloses its own; without one it is detached.</summary>
        public Tensor MoveToOuterDisposeScope()
        {
            Scope?.MoveToOuter(this);
            return this;
        }

        /// <summary>Hands the tensor to another scope; without one it is detached.</summary>
        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (Scope is null) other?.Attach(this);
            else Scope.MoveToOther(other, this);
            return this;
        }

        /// <summary>Hands the tensor to the scope of another one.</summary>
        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.Scope);

        /// <summary>No scope will dispose of the tensor any more.</summary>
        public Tensor DetachFromDisposeScope()
        {
            Scope?.Detach(this);
            return this;
        }

        private void CountAsDisposed()
        {
            var counts = DisposeScopeManager.Statistics;
            if (Scope is null)
            {
                counts.DisposedOutside++;
                return;
            }
            counts.DisposedInside++;
            Scope.MarkAsDisposed(this);
        }

        /// <summary>Checks a native call that changed this tensor in place.</summary>
        private Tensor After(int status)
        {
            Native.Check(status);
            return this;
        }
    }
}
