using Atelier.Core.Randomness;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;

namespace Atelier.Training.Oracles;

/// <summary>The draws that a reference file recorded: no style mixing, constant noise.</summary>
internal sealed class RecordedDraws(Tensor latents, Tensor? labels, Tensor pathNoise) : IShardDraws
{
    public NoiseInput Noise => NoiseInput.Constant;

    public DrawKey Augmentation => throw new InvalidOperationException("the reference values were made without augmentation");

    public Tensor Latents(int count) => latents.narrow(0, 0, count);

    public Tensor? Labels(int count) => labels?.narrow(0, 0, count);

    public int? MixingCutoff(int styleCount) => null;

    public Tensor SecondLatents(int count) => throw new InvalidOperationException("the reference values were made without style mixing");

    public Tensor PathNoise(long[] shape) => pathNoise.view(shape);
}
