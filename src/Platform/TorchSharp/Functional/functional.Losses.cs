using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public static partial class functional
        {
            /// <summary>−log softmax(input) at the target.</summary>
            /// <param name="input">[N,C] scores.</param>
            /// <param name="target">[N] classes, or [N,C] probabilities.</param>
            /// <param name="weight">[C], or none.</param>
            /// <param name="ignore_index">A class that does not count.</param>
            /// <param name="reduction">What becomes of the N losses.</param>
            /// <param name="label_smoothing">The share of a target that is spread over all classes.</param>
            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100,
                Reduction reduction = Reduction.Mean, double label_smoothing = 0) =>
                Own(atorch_cross_entropy(input.handle, target.handle, TensorHandle.Of(weight), ignore_index, (long)reduction, label_smoothing,
                    out var result), result);

            /// <summary>−target · log σ(input) − (1 − target) · log(1 − σ(input)).</summary>
            public static Tensor binary_cross_entropy_with_logits(Tensor input, Tensor target, Tensor? weight = null,
                Reduction reduction = Reduction.Mean, Tensor? pos_weights = null) =>
                Own(atorch_binary_cross_entropy_with_logits(input.handle, target.handle, TensorHandle.Of(weight), TensorHandle.Of(pos_weights),
                    (long)reduction, out var result), result);

            /// <summary>(input − target)².</summary>
            public static Tensor mse_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Own(atorch_mse_loss(input.handle, target.handle, (long)reduction, out var result), result);

            /// <summary>|input − target|.</summary>
            public static Tensor l1_loss(Tensor input, Tensor target, Reduction reduction = Reduction.Mean) =>
                Own(atorch_l1_loss(input.handle, target.handle, (long)reduction, out var result), result);

            /// <summary>Vectors of zeros with a one at each class, int64; the number of classes is taken from the largest if −1.</summary>
            public static Tensor one_hot(Tensor x, long num_classes = -1) =>
                Own(atorch_one_hot(x.handle, num_classes, out var result), result);
        }
    }
}
