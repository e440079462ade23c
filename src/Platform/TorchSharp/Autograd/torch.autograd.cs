using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Running recorded operations backwards.</summary>
    public static class autograd
    {
        /// <summary>The gradients of the sum of outputs, weighted by <paramref name="grad_outputs"/>, with respect to inputs.</summary>
        /// <param name="outputs">What is differentiated.</param>
        /// <param name="inputs">With respect to what; leaves or intermediate results.</param>
        /// <param name="grad_outputs">One per output, of its shape; not needed for outputs of one element.</param>
        /// <param name="retain_graph">Whether the graph can be run again; not implied by <paramref name="create_graph"/>.</param>
        /// <param name="create_graph">Whether the gradients can be differentiated in turn.</param>
        /// <param name="allow_unused">Whether inputs may be unrelated to the outputs; their gradients are then invalid tensors.</param>
        public static IList<Tensor> grad(IList<Tensor> outputs, IList<Tensor> inputs, IList<Tensor>? grad_outputs = null,
            bool retain_graph = false, bool create_graph = false, bool allow_unused = false)
        {
            var outputPointers = Pointers(outputs);
            var inputPointers = Pointers(inputs);
            var gradientPointers = Pointers(grad_outputs);
            var status = atorch_autograd_grad(outputPointers, outputPointers.Length, inputPointers, inputPointers.Length,
                gradientPointers, gradientPointers.Length, retain_graph, create_graph, allow_unused, out var list);
            GC.KeepAlive(outputs);
            GC.KeepAlive(inputs);
            GC.KeepAlive(grad_outputs);
            return OwnList(status, list);
        }

        /// <summary>Adds gradients to every leaf that the tensors were computed from, or to <paramref name="inputs"/> alone.</summary>
        /// <param name="tensors">What is differentiated.</param>
        /// <param name="grad_tensors">One per tensor, of its shape; not needed for tensors of one element.</param>
        /// <param name="retain_graph">Whether the graph can be run again; by default if <paramref name="create_graph"/>.</param>
        /// <param name="create_graph">Whether the gradients can be differentiated in turn.</param>
        /// <param name="inputs">The leaves to add gradients to.</param>
        public static void backward(IList<Tensor> tensors, IList<Tensor>? grad_tensors = null, bool? retain_graph = null,
            bool create_graph = false, IList<Tensor>? inputs = null)
        {
            var pointers = Pointers(tensors);
            var gradientPointers = Pointers(grad_tensors);
            var inputPointers = Pointers(inputs);
            Check(atorch_autograd_backward(pointers, pointers.Length, gradientPointers, gradientPointers.Length,
                retain_graph ?? create_graph, create_graph, inputPointers, inputPointers.Length));
            GC.KeepAlive(tensors);
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        /// <inheritdoc cref="backward(IList{Tensor}, IList{Tensor}, bool?, bool, IList{Tensor})"/>
        public static void backward(Tensor tensor, IList<Tensor>? grad_tensors = null, bool? retain_graph = null,
            bool create_graph = false, IList<Tensor>? inputs = null) =>
            backward([tensor], grad_tensors, retain_graph, create_graph, inputs);

        /// <inheritdoc cref="backward(IList{Tensor}, IList{Tensor}, bool?, bool, IList{Tensor})"/>
        public static void backward(Tensor tensor, Tensor grad_tensor, bool? retain_graph = null, bool create_graph = false,
            IList<Tensor>? inputs = null) =>
            backward([tensor], [grad_tensor], retain_graph, create_graph, inputs);
    }
}
