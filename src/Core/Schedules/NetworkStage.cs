namespace Atelier.Core.Schedules;

/// <summary>What of a network is in use at an image count; a pure function of it, so that it is in no state.</summary>
/// <param name="Level">Doublings of the start block that the images have; all of them unless the network grows.</param>
/// <param name="Fade">How far the newest level is faded in, in (0, 1]; 1 when it is there in full.</param>
/// <param name="PixelShare">Factor on ρ of pixel-instance normalisation, in [0, 1]: 0 normalises by instance alone.</param>
public readonly record struct NetworkStage(int Level, double Fade = 1, double PixelShare = 1)
{
    /// <summary>Whether the level below still shows through.</summary>
    public bool IsFading => Fade < 1;
}

/// <summary>
/// Progressive growing (Karras et al. 2018 §2, with the published trainer's phases): a level trains, then the next one fades in,
/// each for so many images.
/// </summary>
/// <param name="First">Doublings of the start block with which training begins.</param>
/// <param name="Last">Doublings of the whole network.</param>
/// <param name="StableImages">Images between two fades.</param>
/// <param name="FadeImages">Images of a fade; 0 to switch at once.</param>
public sealed record GrowthSchedule(int First, int Last, long StableImages, long FadeImages)
{
    /// <summary>The level and its fade after so many images.</summary>
    public (int Level, double Fade) At(ImageCount shown)
    {
        long period = StableImages + FadeImages;
        long levels = shown.Images / period, within = (shown.Images % period) - StableImages;
        if (First + levels >= Last)
            return (Last, 1);
        int level = First + (int)levels;
        return within <= 0 ? (level, 1) : (level + 1, within / (double)FadeImages);
    }

    /// <summary>Images shown when <see cref="At"/>'s level next changes; null when it does not.</summary>
    public ImageCount? NextLevel(ImageCount shown)
    {
        int level = At(shown).Level;
        // A level begins with the first image after the stable part of the one before.
        return level >= Last ? null : new ImageCount(((level - First) * (StableImages + FadeImages)) + StableImages + (FadeImages > 0 ? 1 : 0));
    }
}

/// <summary>The stage of a run's networks over its images.</summary>
/// <param name="Levels">Doublings of the whole network.</param>
/// <param name="Growth">How it grows; null for a network that is whole from the start.</param>
/// <param name="PixelImages">Images in which the share of pixel normalisation rises from 0 to 1; 0 for 1 from the start.</param>
public sealed record StageSchedule(int Levels, GrowthSchedule? Growth = null, long PixelImages = 0)
{
    /// <summary>The stage after so many images.</summary>
    public NetworkStage At(ImageCount shown)
    {
        var (level, fade) = Growth?.At(shown) ?? (Levels, 1);
        return new(level, fade, PixelImages == 0 ? 1 : Math.Min(1, shown.Images / (double)PixelImages));
    }
}

/// <summary>How many images an iteration shows: always the same, unless the network grows.</summary>
/// <param name="Batch">Images per iteration where <paramref name="ByLevel"/> is null.</param>
/// <param name="Growth">How the network grows; null if it does not.</param>
/// <param name="ByLevel">Images per iteration, by doublings of the start block; null for <paramref name="Batch"/> at all levels.</param>
public sealed record MinibatchSchedule(int Batch, GrowthSchedule? Growth = null, IReadOnlyList<int>? ByLevel = null)
{
    /// <summary>The most images that an iteration shows.</summary>
    public int Largest => ByLevel?.Max() ?? Batch;

    /// <summary>Images of the iteration that begins with an image.</summary>
    public int At(ImageCount shown) => Growth is null || ByLevel is null ? Batch : ByLevel[Growth.At(shown).Level];

    /// <summary>Images shown before the iteration that ended at an image count.</summary>
    public ImageCount Before(ImageCount at)
    {
        foreach (int batch in ByLevel is null ? [Batch] : ByLevel.Distinct())
        {
            if (at.Images >= batch && At(new(at.Images - batch)) == batch) return new(at.Images - batch);
        }

        return new(Math.Max(0, at.Images - At(at)));
    }

    /// <summary>Images shown when so many more iterations are done.</summary>
    public ImageCount After(ImageCount shown, long iterations)
    {
        while (LevelEnd(shown) is { } end && iterations > 0)
        {
            long steps = Math.Min(iterations, StepsTo(shown, end));
            (shown, iterations) = (shown.Add(steps * At(shown)), iterations - steps);
        }

        return shown.Add(iterations * At(shown));
    }

    /// <summary>Iterations until so many images are shown, the last one whole; 0 if they are.</summary>
    public long IterationsTo(ImageCount shown, ImageCount total)
    {
        long done = 0;
        while (LevelEnd(shown) is { } end && end < total)
        {
            long steps = StepsTo(shown, end);
            (shown, done) = (shown.Add(steps * At(shown)), done + steps);
        }

        return done + Math.Max(0, StepsTo(shown, total));
    }

    private ImageCount? LevelEnd(ImageCount shown) => ByLevel is null ? null : Growth?.NextLevel(shown);

    private long StepsTo(ImageCount shown, ImageCount end) => (end.Images - shown.Images + At(shown) - 1) / At(shown);
}
