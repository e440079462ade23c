using System.Globalization;

namespace Atelier.Core.Specs;

/// <summary>
/// The `auto` recipe: a reasonable set-up for a resolution r (the longer side) and n devices, as the published trainer
/// computes it: batch max(min(n·min(4096/r, 32), 64), n); shard batch/n; group min(shard, 4); channel base 16384, 32768
/// from 512; learning rate .0025, .002 from 1024; γ 2e-4·r²/batch; EMA batch·10/32 kimg.
/// </summary>
/// <remarks>
/// Deviations: a batch that n does not divide, where the published trainer stops, becomes the largest smaller one whose
/// shards hold whole groups; and a batch that is set by hand enters the formulas.
/// </remarks>
public static class AutoRecipe
{
    /// <summary>The computed values.</summary>
    /// <param name="resolution">Resolution of the run.</param>
    /// <param name="gpus">Number of devices, at least 1.</param>
    /// <param name="batch">A batch that is given already; null to compute it.</param>
    public static IReadOnlyList<SpecAssignment> Compute(Resolution resolution, int gpus, int? batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gpus, 1);
        var side = resolution.LongSide;
        var images = batch ?? Math.Max(Math.Min(gpus * Math.Clamp(4096 / side, 1, 32), 64), gpus);
        var shard = Math.Max(images / gpus, 1);
        var group = Math.Min(shard, 4);
        if (batch is null)
        {
            if (images % gpus != 0) shard -= shard % group;
            images = shard * gpus;
        }

        return
        [
            Assign("batch", images),
            Assign("shard", shard),
            Assign("mbstd-group", group),
            Assign("channel-base", side >= 512 ? 32768 : 16384),
            Assign("lr", side >= 1024 ? .002 : .0025),
            Assign("gamma", 2e-4 * side * side / images),
            Assign("ema-kimg", images * 10 / 32.0),
            // A shard of one image still needs a latent for path lengths.
            Assign("pl-batch-shrink", Math.Min(shard, 2)),
        ];
    }

    private static SpecAssignment Assign(string key, IFormattable value) =>
        SpecAssignment.For(key, value.ToString(null, CultureInfo.InvariantCulture));
}
