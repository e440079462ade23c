using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>Minibatch standard deviation (Karras et al. 2018 §3).</summary>
public static class MinibatchStd
{
    /// <summary>Appends the deviation over groups of samples, averaged over features and pixels, as extra channels.</summary>
    /// <param name="x">[N, C, H, W]</param>
    /// <param name="groupSize">Samples of a group at most; null for the whole batch. Divides N.</param>
    /// <param name="channels">Channels to append; divides C.</param>
    /// <returns>[N, C + channels, H, W]</returns>
    /// <exception cref="OpException">Group or channels do not divide.</exception>
    public static Tensor Apply(Tensor x, int? groupSize, int channels = 1)
    {
        ArgumentNullException.ThrowIfNull(x);
        OpException.Unless(x.dim() == 4, $"minibatch_std: x must be [N, C, H, W], not {x}");
        long n = x.shape[0], c = x.shape[1], h = x.shape[2], w = x.shape[3];
        long size = Math.Min(groupSize ?? n, n);
        OpException.Unless(channels >= 1 && c % channels == 0, $"minibatch_std: {channels} channels do not divide those of x {x}");
        OpException.Unless(size >= 1 && n % size == 0, $"minibatch_std: groups of {size} do not divide the batch of x {x}");
        var grouped = x.reshape(size, n / size, channels, c / channels, h, w);
        var centred = grouped - grouped.mean([0L], keepdim: true);
        var deviation = (centred * centred).mean([0L]).Plus(1e-8).SquareRoot(); // [N/size, F, C/F, H, W]
        var averaged = deviation.mean([2L, 3L, 4L]); // [N/size, F]
        return cat([x, averaged.repeat(size, 1).reshape(n, channels, 1, 1).expand(n, channels, h, w)], 1);
    }
}
