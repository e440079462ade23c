using TorchSharp.Interop;
using static TorchSharp.Interop.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Overwrites this with normal draws.</summary>
        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) =>
            After(atorch_normal_(handle, mean, std, GeneratorHandle.Of(generator)));

        /// <summary>Overwrites this with uniform draws from [from, to).</summary>
        public Tensor uniform_(double from, double to, Generator? generator = null) =>
            After(atorch_uniform_(handle, from, to, GeneratorHandle.Of(generator)));
    }
}
