namespace Atelier.Training.Networks;

/// <summary>
/// Reads or changes the features between a generator's layers: analysis and correction hang here. A generator without one asks a
/// null once per layer. Called on every thread that synthesizes.
/// </summary>
public interface IFeatureHook
{
    /// <summary>Sees a layer's output on its way to the next one.</summary>
    /// <param name="layer">Which one.</param>
    /// <param name="features">[N, C, H, W]</param>
    /// <returns>What the next layer gets, of the same shape.</returns>
    Tensor Visit(SynthesisLayerName layer, Tensor features);
}

/// <summary>A synthesis layer.</summary>
/// <param name="Name">As in the weights' names, e.g. <c>b16.conv0</c>.</param>
/// <param name="Index">Its place, from the start block.</param>
/// <param name="Channels">Its units.</param>
/// <param name="Width">Columns of its features.</param>
/// <param name="Height">Rows of its features.</param>
public sealed record SynthesisLayerName(string Name, int Index, int Channels, int Width, int Height)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>Hooks made of hooks.</summary>
public static class FeatureHooks
{
    /// <summary>One after the other; null where both are.</summary>
    public static IFeatureHook? Both(IFeatureHook? first, IFeatureHook? second) =>
        first is null ? second : second is null ? first : new Sequence(first, second);

    private sealed class Sequence(IFeatureHook first, IFeatureHook second) : IFeatureHook
    {
        public Tensor Visit(SynthesisLayerName layer, Tensor features) => second.Visit(layer, first.Visit(layer, features));
    }
}

/// <summary>What one image is synthesized with, besides styles.</summary>
/// <param name="Noise">What the layers add.</param>
/// <param name="Stage">What of the network is in use.</param>
/// <param name="Hook">Sees every layer's features; null for none.</param>
internal readonly record struct SynthesisPass(NoiseInput Noise, Core.Schedules.NetworkStage Stage, IFeatureHook? Hook)
{
    public Tensor Visit(SynthesisLayerName layer, Tensor features) => Hook is null ? features : Hook.Visit(layer, features);
}
