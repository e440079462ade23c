using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Whether operations on this tensor are recorded.</summary>
        public bool requires_grad
        {
            get => Get(atorch_requires_grad(handle, out var result), result);
            set => Check(atorch_set_requires_grad(handle, value));
        }

        /// <summary>Sets whether operations on this leaf are recorded.</summary>
        public Tensor requires_grad_(bool requires_grad = true) => After(atorch_set_requires_grad(handle, requires_grad));

        /// <inheritdoc cref="requires_grad_"/>
        public Tensor with_requires_grad(bool requires_grad = true) => requires_grad_(requires_grad);

        /// <summary>Whether the tensor is no result of a recorded operation.</summary>
        public bool is_leaf => Get(atorch_is_leaf(handle, out var result), result);

        /// <summary>
        /// The accumulated gradient, or null. A tensor that is set is kept, not copied: <see cref="backward()"/> then adds into its
        /// storage, which is how a network's gradients come to lie in one flat buffer.
        /// </summary>
        public Tensor? grad
        {
            get
            {
                Check(atorch_grad(handle, out var result));
                return result == 0 ? null : new Tensor(result);
            }
            set => Check(atorch_set_grad(handle, TensorHandle.Of(value)));
        }

        /// <summary>Keeps the gradient of a tensor that is no leaf.</summary>
        public void retain_grad() => Check(atorch_retain_grad(handle));

        /// <summary>A tensor on the same storage that no graph records.</summary>
        public Tensor detach() => Own(atorch_detach(handle, out var result), result);

        /// <inheritdoc cref="detach"/>
        /// <remarks>In place.</remarks>
        public Tensor detach_() => After(atorch_detach_(handle));

        /// <summary>Adds the gradient of this one-element tensor to every leaf that it was computed from.</summary>
        public void backward() => backward(null);

        /// <summary>Adds gradients to every leaf that this was computed from, or to <paramref name="inputs"/> alone.</summary>
        /// <param name="grad_tensors">The gradient of this tensor, of its shape; not needed for one element.</param>
        /// <param name="retain_graph">Whether the graph can be run again.</param>
        /// <param name="create_graph">Whether the gradients can be differentiated in turn.</param>
        /// <param name="inputs">The leaves to add gradients to.</param>
        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            autograd.backward([this], grad_tensors, retain_graph, create_graph, inputs);
    }
}
