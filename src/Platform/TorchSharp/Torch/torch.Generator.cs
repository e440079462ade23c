using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A stream of random numbers. Not shared between threads without care: draws lock it, sequences of draws do not.</summary>
    public class Generator : IDisposable
    {
        internal readonly GeneratorHandle handle;

        /// <summary>A stream with a seed of its own, on the host unless a device is given.</summary>
        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = InitializeDevice(device);
            Check(atorch_generator_new(seed, (int)this.device.type, this.device.index, out var pointer));
            handle = new GeneratorHandle(pointer);
        }

        private Generator(GeneratorHandle handle)
        {
            device = CPU;
            this.handle = handle;
        }

        /// <summary>libtorch's own stream for the host.</summary>
        public static Generator Default => new(new GeneratorHandle(Get(atorch_generator_default(out var pointer), pointer)));

        /// <summary>Where it draws.</summary>
        public Device device { get; }

        /// <summary>The <c>at::Generator*</c>, still owned by this object.</summary>
        public IntPtr Handle => handle.Pointer;

        /// <summary>Starts the stream of a seed from its beginning.</summary>
        public Generator manual_seed(long seed)
        {
            Check(atorch_generator_manual_seed(handle, unchecked((ulong)seed)));
            return this;
        }

        /// <summary>Starts the stream of an arbitrary seed, and returns that.</summary>
        public long seed() => unchecked((long)Get(atorch_generator_seed(handle, out var seed), seed));

        /// <summary>The seed that the stream began with.</summary>
        public long initial_seed() => unchecked((long)Get(atorch_generator_initial_seed(handle, out var seed), seed));

        /// <summary>The whole state, as bytes.</summary>
        public Tensor get_state() => Own(atorch_generator_get_state(handle, out var state), state);

        /// <summary>Goes back to a state.</summary>
        public void set_state(Tensor value) => Check(atorch_generator_set_state(handle, value.handle));

        /// <summary>Frees the stream.</summary>
        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        /// <summary>Frees the stream; the native object has its own finalizer.</summary>
        protected virtual void Dispose(bool disposing)
        {
            if (disposing) handle.Dispose();
        }
    }

    /// <summary>Seeds libtorch's own streams on all devices.</summary>
    public static Generator manual_seed(long seed)
    {
        Check(atorch_manual_seed(unchecked((ulong)seed)));
        return Generator.Default;
    }
}
