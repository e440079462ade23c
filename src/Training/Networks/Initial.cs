namespace Atelier.Training.Networks;

/// <summary>How a tensor of a network starts: normal draws times <paramref name="Deviation"/>, plus <paramref name="Mean"/>.</summary>
/// <param name="Deviation">Standard deviation; 0 makes a constant.</param>
/// <param name="Mean">Added to every element.</param>
public readonly record struct Initial(double Deviation, double Mean)
{
    /// <summary>Every element is zero.</summary>
    public static Initial Zero => new(0, 0);

    /// <summary>Standard normal draws.</summary>
    public static Initial Normal => new(1, 0);

    /// <summary>Every element is <paramref name="value"/>.</summary>
    public static Initial Constant(double value) => new(0, value);
}
