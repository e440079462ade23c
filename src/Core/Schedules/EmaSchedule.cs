namespace Atelier.Core.Schedules;

/// <summary>The moving average of the generator's weights, updated once per iteration with a half-life in images.</summary>
public static class EmaSchedule
{
    /// <summary>
    /// β = 0.5^(batch / max(min(half-life, images · ramp-up), 1e-8)): weights ← lerp(current, average, β). Published
    /// training loop; early in a run the ramp-up makes the average follow quickly.
    /// </summary>
    /// <param name="batch">Images in the iteration.</param>
    /// <param name="imagesBefore">Image count before the iteration.</param>
    /// <param name="halfLifeKimg">Half-life in thousands of images (`ema-kimg`).</param>
    /// <param name="rampUp">Largest half-life as a part of the images shown (`ema-rampup`); null for none.</param>
    public static double Beta(int batch, ImageCount imagesBefore, double halfLifeKimg, double? rampUp)
    {
        var halfLife = halfLifeKimg * 1000;
        if (rampUp is { } ramp) halfLife = Math.Min(halfLife, imagesBefore.Images * ramp);
        return Math.Pow(0.5, batch / Math.Max(halfLife, 1e-8));
    }
}
