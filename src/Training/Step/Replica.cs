using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// The networks as one lane sees them: views into the state's buffers, once as leaves that collect gradients in this
/// lane's own buffer and once as constants for the phases that train the other network.
/// </summary>
internal sealed class Replica : IDisposable
{
    private readonly NetworkViews _trainedGeneratorViews;
    private readonly NetworkViews _trainedDiscriminatorViews;
    private readonly NetworkViews _fixedGeneratorViews;
    private readonly NetworkViews _fixedDiscriminatorViews;

    public Replica(TrajectoryState state)
    {
        var model = state.Model;
        GeneratorBuffer = zeros([model.GeneratorBuffer.Length], state.Precision, state.Device).DetachFromDisposeScope();
        DiscriminatorBuffer = zeros([model.DiscriminatorBuffer.Length], state.Precision, state.Device).DetachFromDisposeScope();
        _trainedGeneratorViews = new NetworkViews(model.GeneratorLayout, state.Generator, GeneratorBuffer);
        _trainedDiscriminatorViews = new NetworkViews(model.DiscriminatorLayout, state.Discriminator, DiscriminatorBuffer);
        _fixedGeneratorViews = new NetworkViews(model.GeneratorLayout, state.Generator);
        _fixedDiscriminatorViews = new NetworkViews(model.DiscriminatorLayout, state.Discriminator);
        TrainedGenerator = new Generator(_trainedGeneratorViews, model.Generator);
        TrainedDiscriminator = new Discriminator(_trainedDiscriminatorViews, model.Discriminator);
        FixedGenerator = new Generator(_fixedGeneratorViews, model.Generator);
        FixedDiscriminator = new Discriminator(_fixedDiscriminatorViews, model.Discriminator);
    }

    /// <summary>What this lane's shard adds to a generator phase.</summary>
    public Tensor GeneratorBuffer { get; }

    /// <summary>What this lane's shard adds to a discriminator phase.</summary>
    public Tensor DiscriminatorBuffer { get; }

    public Generator TrainedGenerator { get; }

    public Discriminator TrainedDiscriminator { get; }

    public Generator FixedGenerator { get; }

    public Discriminator FixedDiscriminator { get; }

    public IReadOnlyList<Tensor> GeneratorLeaves => _trainedGeneratorViews.Trainable;

    public IReadOnlyList<Tensor> DiscriminatorLeaves => _trainedDiscriminatorViews.Trainable;

    public void Dispose()
    {
        _trainedGeneratorViews.Release();
        _trainedDiscriminatorViews.Release();
        _fixedGeneratorViews.Release();
        _fixedDiscriminatorViews.Release();
        GeneratorBuffer.Dispose();
        DiscriminatorBuffer.Dispose();
    }
}
