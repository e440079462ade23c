using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public static partial class jit
    {
        /// <summary>A loaded TorchScript module.</summary>
        public class ScriptModule : nn.Module
        {
            private readonly ScriptHandle handle;

            internal ScriptModule(ScriptHandle handle) => this.handle = handle;

            /// <inheritdoc/>
            public override bool training => Get(atorch_jit_training(handle, out var result), result);

            /// <inheritdoc/>
#pragma warning disable CA1725 // The parameter has this name in TorchSharp.
            public override void train(bool on = true) => Check(atorch_jit_train(handle, on));
#pragma warning restore CA1725

            /// <inheritdoc/>
            public override void eval() => train(false);

            /// <summary>Runs <c>forward</c>.</summary>
            /// <param name="input">Tensors, lists of tensors, numbers, truth values or null, in order.</param>
            /// <returns>
            /// A tensor or <see cref="Scalar"/>; tuples of up to five of one of these as value tuples, longer ones and lists as
            /// arrays; mixed ones as an array of objects; null for None.
            /// </returns>
            public object? forward(params object?[] input) => Invoke("forward", input);

            /// <inheritdoc cref="forward"/>
            public object? call(params object?[] input) => forward(input);

            /// <summary>Runs a method; arguments and result as in <see cref="forward"/>.</summary>
            public object? invoke(string name, params object?[] objs)
            {
                ArgumentException.ThrowIfNullOrEmpty(name);
                return Invoke(name, objs);
            }

            internal override void Free() => handle.Dispose();

            internal override void Move(ScalarType? type, Device? device, bool nonBlocking)
            {
                var (deviceType, deviceIndex) = Place(device);
                Check(atorch_jit_to(handle, Code(type), deviceType, deviceIndex, nonBlocking));
            }

            private object? Invoke(string method, object?[] arguments)
            {
                using var values = new ScriptArguments(arguments);
                Check(atorch_jit_invoke(handle, method, values.Values, arguments.Length, out var result));
                return ScriptResult.Take(result);
            }
        }
    }
}
