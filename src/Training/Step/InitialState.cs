using Atelier.Core.Randomness;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>The state that a new run starts from. Initial weights are draws like all others: keyed by seed, network and tensor.</summary>
public static class InitialState
{
    private const int GeneratorNetwork = 0;
    private const int DiscriminatorNetwork = 1;

    /// <summary>Fills <paramref name="state"/> with the initial weights of <paramref name="seed"/>; G_ema starts as G.</summary>
    public static void Fill(TrajectoryState state, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Fill(state.Generator, state.Model.GeneratorLayout, seed, GeneratorNetwork);
        Fill(state.Discriminator, state.Model.DiscriminatorLayout, seed, DiscriminatorNetwork);
        state.GeneratorAverage.copy_(state.Generator);
    }

    private static void Fill(Tensor flat, NetworkLayout layout, ulong seed, int network)
    {
        var host = zeros([layout.Length], flat.dtype);
        for (int i = 0; i < layout.Entries.Count; i++)
        {
            var entry = layout.Entries[i];
            var values = host.narrow(0, entry.Offset, entry.Count);
            if (entry.Initial.Deviation != 0)
            {
                var (key, counterHigh) = new DrawKey { Seed = seed, Purpose = DrawPurpose.InitialWeights, Phase = network, Index = i }.ToPhilox();
                PhiloxFill.Normal(values, key, counterHigh);
                values.mul_(entry.Initial.Deviation);
            }
            values.add_(entry.Initial.Mean);
        }
        flat.copy_(host);
    }
}
