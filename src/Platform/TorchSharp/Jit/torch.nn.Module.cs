namespace TorchSharp;

public static partial class torch
{
    /// <summary>Neural networks.</summary>
    public static partial class nn
    {
        /// <summary>What has a mode and lives on a device. Here, only loaded TorchScript does.</summary>
        public class Module : IDisposable
        {
            private protected Module()
            {
            }

            /// <summary>Whether layers that behave otherwise in training do so.</summary>
            public virtual bool training => false;

            /// <summary>Sets <see cref="training"/>.</summary>
            public virtual void train(bool train = true)
            {
            }

            /// <summary>Clears <see cref="training"/>.</summary>
            public virtual void eval() => train(false);

            /// <summary>Frees the module's tensors.</summary>
            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            /// <summary>Frees the module's tensors.</summary>
            protected virtual void Dispose(bool disposing)
            {
                if (disposing) Free();
            }

            internal virtual void Free()
            {
            }

            internal virtual void Move(ScalarType? type, Device? device, bool nonBlocking)
            {
            }
        }
    }
}
