using Atelier.Training.Imaging;

namespace Atelier.Training.Analysis;

/// <summary>
/// Telling generated images from real ones by how well they project (Karras et al. 2020, §5.1): the generator finds its own
/// images again and real ones less.
/// </summary>
/// <param name="Generated">Distances of generated images from their projections.</param>
/// <param name="Real">Those of real images.</param>
public sealed record Detection(IReadOnlyList<double> Generated, IReadOnlyList<double> Real)
{
    /// <summary>
    /// Area under the ROC curve: how often a real image is further from its projection than a generated one, equal ones counting
    /// half. 0.5 is chance, 1 tells all apart.
    /// </summary>
    public double AreaUnderCurve
    {
        get
        {
            // Mann and Whitney 1947, over ranks.
            var sorted = Generated.Select(distance => (Distance: distance, IsReal: false)).Concat(Real.Select(distance => (Distance: distance, IsReal: true)))
                .GroupBy(pair => pair.Distance).OrderBy(group => group.Key);
            double below = 0, wins = 0;
            foreach (var equal in sorted)
            {
                double generated = equal.Count(pair => !pair.IsReal), real = equal.Count() - generated;
                wins += real * (below + (generated / 2));
                below += generated;
            }
            return wins / ((double)Generated.Count * Real.Count);
        }
    }

    /// <summary>The threshold that tells most images apart: images above it are taken for real.</summary>
    public double BestThreshold
    {
        get
        {
            var all = Generated.Concat(Real).Distinct().Order().ToList();
            var between = all.Zip(all.Skip(1), (a, b) => (a + b) / 2).Prepend(all[0]);
            return between.MaxBy(threshold => Real.Count(distance => distance > threshold) / (double)Real.Count + (Generated.Count(distance => distance <= threshold) / (double)Generated.Count));
        }
    }

    /// <summary>Both histograms over one axis, as the paper's figure 10, as a PNG file.</summary>
    /// <param name="net">What the distances are of.</param>
    public byte[] ToPng(string net) => HistogramFigure.ToPng(
        $"Distance of images from their projections, AUC {AreaUnderCurve.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture)}", net,
        [new HistogramSeries($"generated ({Generated.Count})", Generated), new HistogramSeries($"real ({Real.Count})", Real)]);
}
