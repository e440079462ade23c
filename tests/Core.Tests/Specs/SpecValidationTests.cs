using Atelier.Core.Specs;

namespace Atelier.Core.Tests.Specs;

public class SpecValidationTests
{
    private static readonly RunSpec Good = new() { Resolution = new(64, 64) };

    [Fact]
    public void Problems_Good_AreNone() => Assert.Empty(SpecValidation.Problems(Good));

    public static TheoryData<RunSpec, string> Bad => new()
    {
        { Good with { Batch = 30 }, "shard 4 does not divide batch 30; set shard to one of 1, 2, 3, 5, 6, 10, 15, 30." },
        { Good with { Shard = 2 }, "shard 2 is not a multiple of mbstd-group 4; set mbstd-group to one of 1, 2." },
        { Good with { ChannelBase = 32 }, "channel-base 32 leaves no channels at resolution 64; set channel-base to 64 or more." },
        { Good with { MbstdChannels = 3 }, "mbstd-channels 3 does not divide the 512 channels at 4x4, min(channel-base / 4, channel-max); set mbstd-channels to one of 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, or to 0." },
        { Good with { Resolution = new(96, 96), ChannelBase = 128, MbstdChannels = 2 }, "mbstd-channels 2 does not divide the 21 channels at 6x6, min(channel-base / 6, channel-max); set mbstd-channels to one of 1, 3, 7, 21, or to 0." },
        { Good with { FreezeD = 14 }, "freeze-d 14 is too many: this discriminator has 13 layers before its last block; set freeze-d to 13 or less." },
        { Good with { Shard = 1, MbstdGroup = 1 }, "shard 1 with pl-batch-shrink 2 leaves no latents for path lengths; set shard to 2 or more, pl-batch-shrink to 1, or pl-weight to 0." },
        { Good with { Resolution = new(100, 80) }, "resolution 80x100 (width x height) cannot work: a network doubles a constant of at most 16 pixels per side at least twice, as in 256 or 512x384. Pass --set resolution=64 --set resize=fit to crop and resize the images." },
        { Good with { Aug = AugmentationMode.Fixed }, "aug fixed with aug-p 0 has no effect; set aug-p to a probability above 0, or aug to none." },
        { Good with { Aug = AugmentationMode.Ada, AugP = 0.5 }, "aug-p 0.5 works only with aug fixed, but aug is ada; set aug to fixed, or aug-p to 0." },
        { Good with { Fp16Resolutions = 4 }, "fp16-resolutions 4 needs a bound on what layers give, because float16 ends at 65504; set conv-clamp to 256, as published, or use bf16-resolutions." },
        { Good with { Fp16Resolutions = 4, Bf16Resolutions = 2, ConvClamp = 256 }, "fp16-resolutions 4 and bf16-resolutions 2 exclude each other; set one of them to 0." },
        { Good with { Bf16Resolutions = 2, GArch = NetworkArchitecture.Orig, Normalisation = Normalisation.Instance }, "bf16-resolutions 2 works only with normalisation demodulation and growing false, but these are instance and false." },
        { Good with { Resolution = Resolution.Auto }, "resolution is auto, but there is no dataset to take it from; set resolution." },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Problems_Bad_NameBothValues(RunSpec spec, string problem) => Assert.Equal([problem], SpecValidation.Problems(spec));

    [Fact]
    public void Require_SeveralProblems_NamesThemAll()
    {
        var error = Assert.Throws<UserErrorException>(() => SpecValidation.Require(Good with { Batch = 30, ChannelBase = 32 }));
        Assert.Equal(2, error.Message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public void Problems_SwitchedOff_DoNotCount()
    {
        Assert.Empty(SpecValidation.Problems(Good with { MbstdChannels = 0, Shard = 2 }));
        Assert.Empty(SpecValidation.Problems(Good with { Fp16Resolutions = 4, ConvClamp = 256 }));
        Assert.Empty(SpecValidation.Problems(Good with { Bf16Resolutions = 4 }));
        Assert.Empty(SpecValidation.Problems(Good with { PlWeight = 0, Shard = 1, MbstdGroup = 1 }));
    }
}
