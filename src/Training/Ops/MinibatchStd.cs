using Atelier.Training.Interop;

namespace Atelier.Training.Ops;

/// <summary>Minibatch standard deviation (Karras et al. 2018 §3). Native: <c>native/ops/minibatch_std</c>.</summary>
public static class MinibatchStd
{
    /// <summary>Appends the deviation over groups of samples, averaged over features and pixels, as extra channels.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="groupSize">Samples of a group at most; null for the whole batch. Divides N.</param>
    /// <param name="channels">Channels to append; divides C.</param>
    /// <returns>[N, C + channels, H, W]</returns>
    /// <exception cref="NativeOpException">Group or channels do not divide.</exception>
    public static Tensor Apply(Tensor x, int? groupSize, int channels = 1)
    {
        int status = OpsLibrary.MinibatchStd(x.Handle, groupSize ?? 0, channels, out var result);
        return NativeOp.Result("minibatch_std", status, result, x);
    }
}
