using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Losses;

/// <summary>Writes what a phase reports of a shard into the tail of its buffer.</summary>
internal readonly struct ShardReport(PhaseBuffer layout, Tensor buffer)
{
    /// <summary>Stores the mean of <paramref name="values"/>.</summary>
    public void Write(PhaseStatistic statistic, Tensor values)
    {
        using var _ = no_grad();
        layout.Statistic(buffer, statistic).copy_(values.detach().mean());
    }

    /// <summary>Stores logits and their signs.</summary>
    public void Scores(PhaseStatistic scores, PhaseStatistic signs, Tensor logits)
    {
        Write(scores, logits);
        Write(signs, logits.detach().sign());
    }

    /// <summary>Stores the mean of w, [N, styleSize].</summary>
    public void MeanStyle(Tensor w)
    {
        using var _ = no_grad();
        layout.MeanStyle(buffer).copy_(w.detach().mean([0L]));
    }
}
